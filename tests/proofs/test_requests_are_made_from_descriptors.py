"""The matrix of S2 asks every method by itself: a request is made of its descriptor, or the proof names it."""

import pytest
from joserfc.jwk import ECKey
from mootion.policy.v1 import policy_pb2

from mesh.policy import Method, method
from proofs.attacks.forged_tokens import Forger
from proofs.authorization import permission_table
from proofs.authorization.matrix import missing_like
from proofs.callers import doors
from proofs.callers.people import ids_in
from proofs.callers.valid_requests import CannotMake, requests_of

EDIT = "/mootion.flowchart.v1.FlowchartService/EditFlowchart"


def anything(path: str, name: str) -> str:
    return f"some-{name}"


@pytest.mark.parametrize("each", doors.methods(), ids=lambda each: each.full_name)
def test_every_method_of_the_contracts_can_be_asked(each: Method) -> None:
    assert requests_of(each, anything)


def test_every_branch_of_a_choice_is_asked() -> None:
    made = requests_of(method(EDIT), anything)
    chosen = [each.request.edits[0].WhichOneof("edit") for each in made]  # type: ignore[attr-defined]
    assert chosen == ["add_node", "update_node", "remove_node", "add_edge", "remove_edge"]
    assert made[3].ids == {
        "document_id": "document_id",
        "edits.add_edge.source_id": "source_id",
        "edits.add_edge.target_id": "target_id",
    }


def test_a_method_that_asks_for_what_nobody_has_is_named() -> None:
    def nothing(path: str, name: str) -> str:
        raise KeyError(name)

    with pytest.raises(CannotMake, match=f"{EDIT}: nothing that was made has a document_id"):
        requests_of(method(EDIT), nothing)


def test_the_ids_of_a_message_are_found_by_their_names() -> None:
    made = requests_of(method("/mootion.quiz.v1.QuizService/SubmitAttempt"), anything)[0]
    assert dict(ids_in(made.request)) == {
        "attempt_id": "some-attempt_id",
        "question_id": "some-question_id",
        "option_id": "some-option_id",
        "match_id": "some-match_id",
    }


def test_a_missing_id_is_as_long_as_the_one_it_stands_for() -> None:
    value = "0199a5e2-4f1c-7000-8000-000000000000"
    assert len(missing_like(value)) == len(value)
    assert missing_like(value) != missing_like(value)


def test_the_page_of_permissions_is_read_back() -> None:
    rows = permission_table.read()
    assert rows.keys() == {each.full_name for each in doors.methods()}
    for each in doors.methods():
        name = policy_pb2.AccessRole.Name(each.policy.least_role).removeprefix("ACCESS_ROLE_")
        assert rows[each.full_name] == permission_table.Permission(name, each.callers)


def test_a_request_by_rest_has_its_ids_in_the_path_and_the_rest_in_the_body() -> None:
    request = requests_of(method(EDIT), anything)[0].request
    found = doors.rest_request(method(EDIT), request)
    assert (found.verb, found.path) == ("POST", "/v1/documents/some-document_id/flowchart:edit")
    assert found.body == {"edits": [{"add_node": {"name": "x"}}]}


def test_there_are_more_than_two_dozen_forgeries(forger: Forger) -> None:
    assert len(forger.forged()) >= 24
    assert len(set(forger.forged().values())) == len(forger.forged())


@pytest.fixture
def forger() -> Forger:
    return Forger(ECKey.generate_key("P-256", {"kid": "k1"}), 1_800_000_000.0)
