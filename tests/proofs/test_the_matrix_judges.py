"""The matrix of S2 notices who is let in against the contract, and whatever tells a foreign id from a missing one."""

from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from mootion.document.v1 import document_service_pb2
from mootion.policy.v1 import policy_pb2

from mesh.policy import method
from proofs.authorization.matrix import Matrix, Question
from proofs.callers.doors import Door, Outcome
from proofs.callers.people import House, Person

GET = method("/mootion.document.v1.DocumentService/GetDocument")
INVITE = method("/mootion.identity.v1.AccountService/CreateStudentInvitation")
OWN, FOREIGN, MISSING = "own-document", "foreign-document", "missing-document"


@dataclass(frozen=True)
class Answering(Door):
    """Answers every call with the same outcome."""

    outcome: Outcome

    async def call(self, *_: Any, **__: Any) -> Outcome:
        """See Door."""
        return self.outcome


@pytest.fixture
def broken() -> list[str]:
    return []


@pytest.fixture
async def matrix(broken: list[str]) -> Matrix:
    door = door_to(Outcome("OK"))
    people = [Person(name, door) for name in ("nobody", "other", "owner", "teacher", "admin", "spare")]
    people[0].role = policy_pb2.ACCESS_ROLE_PUBLIC
    people[2].owns["document_id"] = [OWN]
    people[1].owns["document_id"] = [FOREIGN]

    def check(holds: bool, otherwise: str) -> None:
        if not holds:
            broken.append(otherwise)

    return Matrix(House(*people), check)


def door_to(outcome: Outcome) -> Answering:
    return Answering("port", grpc.aio.insecure_channel("127.0.0.1:1"), outcome)


def about(document_id: str) -> Question:
    request = document_service_pb2.GetDocumentRequest(document_id=document_id)
    return Question(request, {"document_id": document_id})


def not_found(document_id: str, message: str = "There is no document {}.") -> Outcome:
    return Outcome("NOT_FOUND", "NOT_FOUND", message.format(repr(document_id)))


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (Outcome("OK"), "OK instead of PERMISSION_DENIED ROLE_TOO_LOW"),
        (Outcome("PERMISSION_DENIED", "ROLE_TOO_LOW"), ""),
        (Outcome("NOT_FOUND", "NOT_FOUND"), "NOT_FOUND NOT_FOUND instead of"),
        (Outcome("INTERNAL", "INTERNAL"), "INTERNAL INTERNAL"),
        (Outcome("PERMISSION_DENIED"), "no status of ours"),
    ],
)
async def test_a_student_is_refused_where_a_teacher_is_asked_for(
    matrix: Matrix, broken: list[str], outcome: Outcome, sentence: str
) -> None:
    await matrix.ask(door_to(outcome), matrix.house.owner, INVITE, about(OWN))
    assert bool(broken) == bool(sentence)
    assert any(sentence in each for each in broken) or not sentence


async def test_whoever_may_call_must_be_let_in(matrix: Matrix, broken: list[str]) -> None:
    outcome = Outcome("PERMISSION_DENIED", "ROLE_TOO_LOW")
    await matrix.ask(door_to(outcome), matrix.house.owner, GET, about(OWN))
    assert broken == [f"{GET.path} as owner at the port: refused with PERMISSION_DENIED ROLE_TOO_LOW"]


async def test_nobody_must_be_told_to_sign_in(matrix: Matrix, broken: list[str]) -> None:
    await matrix.ask(door_to(not_found(OWN)), matrix.house.nobody, GET, about(OWN))
    assert len(broken) == 1
    assert "instead of UNAUTHENTICATED NO_PRINCIPAL" in broken[0]


def test_foreign_and_missing_are_told_alike_but_for_the_id_itself() -> None:
    assert about(FOREIGN).told(not_found(FOREIGN)) == about(MISSING).told(not_found(MISSING))


@pytest.mark.parametrize(
    "foreign",
    [
        Outcome("PERMISSION_DENIED", "ROLE_TOO_LOW", f"There is no document {FOREIGN!r}."),
        Outcome("NOT_FOUND", "FLOWCHART_NOT_GENERATED", f"There is no document {FOREIGN!r}."),
        not_found(FOREIGN, "The document {} is not yours."),
        Outcome("OK", replies=(document_service_pb2.GetDocumentResponse(),)),
    ],
)
def test_whatever_tells_a_foreign_id_from_a_missing_one_is_seen(foreign: Outcome) -> None:
    assert about(FOREIGN).told(foreign) != about(MISSING).told(not_found(MISSING))


async def test_foreign_ids_are_those_of_somebody_else(matrix: Matrix) -> None:
    asked = {
        person.name: [foreign.ids["document_id"] for _, foreign, _ in matrix.compared(person, GET)]
        for person in matrix.house.callers
    }
    assert asked == {
        "nobody": [OWN],
        "other": [OWN],
        "owner": [FOREIGN],
        "teacher": [OWN],
        "admin": [OWN],
    }
