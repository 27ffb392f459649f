"""Cases of the fuzzer get ids of what is there, and never take away what others need."""

import asyncio
import json
import time
from collections.abc import Mapping
from random import Random
from typing import Any, cast

import grpc
import pytest
import schemathesis
from mootion.policy.v1 import policy_pb2
from schemathesis import Case

from proofs.callers.doors import Door
from proofs.callers.expendable import CannotPrepare, Fields, Make
from proofs.callers.people import House, Person
from proofs.callers.prepared_cases import PreparedCases
from proofs.callers.signed_cases import Crowd, Senders
from proofs.s08_fuzzed_rest import OPENAPI

SCHEMA: Any = schemathesis.openapi.from_dict(json.loads(OPENAPI.read_text()))
QUIZ = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def owner() -> Person:
    door = Door("none", cast(grpc.aio.Channel, None))
    person = Person("owner", door, policy_pb2.ACCESS_ROLE_ADMIN, account_id="account-1")
    person.owns = {"quiz_id": [QUIZ], "account_id": ["account-2"]}
    person.tokens.access_token = "token"
    return person


async def sent(
    owner: Person, path: str, verb: str, makers: Mapping[str, Make], **parts: Any
) -> list[Case[Any]]:
    """What becomes of one case under many seeds."""
    crowd = Crowd(owner.door, 1, _members=[owner], _since={owner.name: time.monotonic()})
    senders = Senders(House(*[owner] * 6), [owner], crowd)
    found = []
    for seed in range(30):
        case: Case[Any] = SCHEMA[path][verb].Case(**parts)
        await PreparedCases(asyncio.get_running_loop(), seed, senders, makers).prepare(case)
        found.append(case)
    return found


async def make_session(person: Person, draw: Random) -> Fields:
    return {"sessionId": "made", "quizId": "made"}


async def make_nothing(person: Person, draw: Random) -> Fields:
    raise CannotPrepare("a limit")


async def test_about_half_of_the_cases_ask_for_what_is_there(owner: Person) -> None:
    cases = await sent(owner, "/v1/quizzes/{quizId}", "GET", {}, path_parameters={"quizId": "drawn"})
    ids = [case.path_parameters["quizId"] for case in cases]
    assert set(ids) == {"drawn", QUIZ}
    assert 5 < ids.count(QUIZ) < 25


async def test_every_case_shows_its_sender_and_an_address(owner: Person) -> None:
    for case in await sent(owner, "/v1/quizzes", "GET", {}):
        assert case.headers["authorization"] == "Bearer token"
        assert case.headers["x-forwarded-for"].startswith("10.")


async def test_what_was_drawn_stays_beside_what_was_prepared(owner: Person) -> None:
    body = {"requestId": "drawn", "question": ""}
    cases = await sent(owner, "/v1/answers:ask", "POST", {}, body=body, media_type="application/json")
    asked = [case.body for case in cases]
    assert {"requestId": "drawn", "question": ""} in asked
    assert {"requestId": "drawn", "question": "x"} in asked
    assert {"question": "x"} in asked


async def test_what_others_need_is_never_taken_away(owner: Person) -> None:
    makers = {"deleteQuiz": make_session}
    cases = await sent(owner, "/v1/quizzes/{quizId}", "DELETE", makers, path_parameters={"quizId": QUIZ})
    assert {case.path_parameters["quizId"] for case in cases} == {"made"}


async def test_where_nothing_can_be_made_what_is_taken_away_is_missing(owner: Person) -> None:
    makers = {"deleteQuiz": make_nothing}
    cases = await sent(owner, "/v1/quizzes/{quizId}", "DELETE", makers, path_parameters={"quizId": QUIZ})
    assert QUIZ not in {case.path_parameters["quizId"] for case in cases}


async def test_one_seed_sends_the_same(owner: Person) -> None:
    path, parts = "/v1/quizzes/{quizId}", {"path_parameters": {"quizId": "drawn"}}
    first, second = [await sent(owner, path, "GET", {}, **parts) for _ in range(2)]
    assert [case.path_parameters for case in first] == [case.path_parameters for case in second]
