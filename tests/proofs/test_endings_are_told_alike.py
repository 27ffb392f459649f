"""The same error is the same ending, whether it came by gRPC, in gRPC-web or by REST."""

import base64
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.rpc import status_pb2
from mootion.errors.v1 import reason_pb2

from mesh import status
from mesh.errors import CallError, Violation
from proofs.callers.endings import NotAStatus, of_rest_error, of_trailers

ERROR = CallError(
    grpc.StatusCode.INVALID_ARGUMENT,
    reason_pb2.REASON_INVALID_FIELD,
    "question: too short",
    violations=[Violation("question", "too short")],
    retry_after_seconds=1,
    metadata={"cycle": "a, b"},
)
STATUS: status_pb2.Status = status.encode(ERROR, "r-1")
JSON = "application/json; charset=utf-8"


def in_json() -> dict[str, Any]:
    return json_format.MessageToDict(STATUS)


def test_every_path_tells_the_same() -> None:
    raw = STATUS.SerializeToString()
    text = base64.b64encode(raw).decode().rstrip("=")
    native = of_trailers(ERROR.code, ERROR.message, {status.DETAILS_KEY: raw})
    web = of_trailers(ERROR.code, ERROR.message, {status.DETAILS_KEY: text})
    assert native == web == of_rest_error(JSON, in_json())
    assert str(native) == "INVALID_ARGUMENT INVALID_FIELD question cycle retry"
    assert (native.request_id, native.message) == ("r-1", ERROR.message)


def test_details_that_say_something_else_are_no_status() -> None:
    with pytest.raises(NotAStatus):
        of_trailers(grpc.StatusCode.INTERNAL, ERROR.message, {status.DETAILS_KEY: STATUS.SerializeToString()})
    with pytest.raises(NotAStatus):
        of_trailers(ERROR.code, ERROR.message, {status.DETAILS_KEY: b"\xff"})


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", in_json()),
        (JSON, None),
        (JSON, {"code": 3}),
        (JSON, {"code": 3, "message": "no reason", "details": []}),
        (JSON, {"code": 3, "message": "no list", "details": "none"}),
    ],
)
def test_other_errors_are_no_status(content_type: str, body: object) -> None:
    with pytest.raises(NotAStatus):
        of_rest_error(content_type, body)
