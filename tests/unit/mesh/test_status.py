"""A failure that travels as `google.rpc.Status` arrives as it was meant."""

from urllib.parse import quote

import grpc
from hypothesis import given
from hypothesis import strategies as st
from mootion.errors.v1 import reason_pb2

from mesh import status
from mesh.errors import CallError, Violation

TEXT = st.text(max_size=50)
FAILURES = st.builds(
    CallError,
    code=st.sampled_from([code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]),
    reason=st.sampled_from([number for number in reason_pb2.Reason.values() if number]),
    message=TEXT,
    violations=st.lists(st.builds(Violation, field=TEXT, description=TEXT), max_size=3),
    retry_after_seconds=st.none() | st.integers(0, 10**6).map(lambda milliseconds: milliseconds / 1000),
    metadata=st.dictionaries(st.from_regex("[a-z]{1,8}", fullmatch=True), TEXT, max_size=3),
)


def arrived(encoded: bytes, code: grpc.StatusCode, text: str) -> CallError:
    trailing = grpc.aio.Metadata((status.DETAILS_KEY, encoded))
    return status.from_rpc_error(grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, text), "quiz")


@given(FAILURES)
def test_a_failure_of_ours_arrives_whole(sent: CallError) -> None:
    got = arrived(status.encode(sent, "r1").SerializeToString(), sent.code, sent.message)
    sent.metadata = {**sent.metadata, "request_id": "r1"}
    assert got == sent


@given(st.sampled_from(list(grpc.StatusCode)), st.binary(max_size=20))
def test_a_failure_of_a_library_says_which_service_and_nothing_of_its_text(
    code: grpc.StatusCode, junk: bytes
) -> None:
    got = arrived(junk, code, "canary in /srv")
    assert "quiz" in got.message
    assert "canary" not in repr(got)
    assert got.code is not grpc.StatusCode.UNKNOWN


def test_of_many_violations_as_many_are_told_as_every_client_takes() -> None:
    violations = [
        Violation(f"document_ids[{number}]", "must be at least 1 characters") for number in range(1000)
    ]
    error = CallError(
        grpc.StatusCode.INVALID_ARGUMENT, reason_pb2.REASON_INVALID_FIELD, "x" * 200, violations=violations
    )
    encoded = status.encode(error, "r1").SerializeToString()
    got = arrived(encoded, error.code, error.message)
    assert got.violations == violations[: status.MOST_VIOLATIONS]
    assert len(encoded) < 4096


def test_of_a_message_that_repeats_much_the_beginning_is_told() -> None:
    said = "There is no video " + "\N{WATER WAVE}" * 9000
    error = CallError(grpc.StatusCode.NOT_FOUND, reason_pb2.REASON_NOT_FOUND, said)
    told = status.encode(error, "r1").message
    assert told.startswith("There is no video \N{WATER WAVE}")
    assert told.endswith("...")
    assert len(quote(told)) <= 4096


def test_a_reason_of_a_newer_contract_is_kept_as_unspecified() -> None:
    encoded = status.encode(
        CallError(grpc.StatusCode.ABORTED, reason_pb2.REASON_CONCURRENT_CHANGE, "It changed."), "r1"
    )
    newer = encoded.SerializeToString().replace(b"CONCURRENT_CHANGE", b"CONCURRENT_CHARGE")
    got = arrived(newer, grpc.StatusCode.ABORTED, "It changed.")
    assert (got.reason, got.message) == (reason_pb2.REASON_UNSPECIFIED, "It changed.")
