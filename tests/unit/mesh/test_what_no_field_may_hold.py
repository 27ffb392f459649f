"""Times that protobuf does not allow and texts with a zero break a rule, wherever in a request they stand."""

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from mootion.document.v1 import document_service_pb2
from mootion.quiz.v1 import quiz_pb2, quiz_service_pb2
from mootion.search.v1 import search_service_pb2

from mesh.validation import Validator


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator()


@pytest.mark.parametrize(
    ("seconds", "nanos"),
    [(2**63 - 1, 0), (-(2**63), 0), (253_402_300_800, 0), (0, -1), (0, 1_000_000_000), (0, 2**31 - 1)],
)
def test_no_such_time_is_a_violation(validator: Validator, seconds: int, nanos: int) -> None:
    wrong = Timestamp(seconds=seconds, nanos=nanos)
    request = search_service_pb2.SearchRequest(query="waves", create_time_after=wrong)
    assert [found.field for found in validator.violations(request)] == ["create_time_after"]


@pytest.mark.parametrize(("seconds", "nanos"), [(0, 0), (-62_135_596_800, 0), (253_402_300_799, 999_999_999)])
def test_every_time_of_protobuf_is_taken(validator: Validator, seconds: int, nanos: int) -> None:
    right = Timestamp(seconds=seconds, nanos=nanos)
    request = search_service_pb2.SearchRequest(query="waves", create_time_after=right)
    assert validator.violations(request) == []


def test_a_duration_deep_inside_is_named_by_its_path(validator: Validator) -> None:
    request = quiz_service_pb2.SubmitAttemptRequest(
        attempt_id="a",
        responses=[
            quiz_pb2.QuestionResponse(question_id="1", response_time=Duration(seconds=1)),
            quiz_pb2.QuestionResponse(question_id="2", response_time=Duration(seconds=1, nanos=-1)),
        ],
    )
    assert [found.field for found in validator.violations(request)] == ["responses[1].response_time"]


def test_a_text_with_a_zero_is_a_violation_wherever_it_stands(validator: Validator) -> None:
    wrong = quiz_pb2.QuestionResponse(question_id="1", text="a\0b", option_ids=["x", "\0"])
    request = quiz_service_pb2.SubmitAttemptRequest(attempt_id="a", responses=[wrong])
    for raw in (None, request.SerializeToString()):
        found = [each.field for each in validator.violations(request, raw)]
        assert found == ["responses[0].option_ids[1]", "responses[0].text"]


def test_zeros_in_numbers_and_bytes_are_no_violation(validator: Validator) -> None:
    request = document_service_pb2.UploadDocumentRequest(filename="a.pdf")
    request.content.data = b"\0\0"
    assert validator.violations(request, request.SerializeToString()) == []
