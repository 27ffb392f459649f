"""A failed call on the wire: `google.rpc.Status` with its details, to and from CallError."""

from collections.abc import Iterable

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from mootion.errors.v1 import reason_pb2

from mesh.errors import DOMAIN, CallError, Violation, reason_name

DETAILS_KEY = "grpc-status-details-bin"
# Clients of gRPC take 8 KiB of trailers where nobody told them otherwise; what is longer is an error of their own.
MOST_VIOLATIONS = 20
# In UTF-8; the library writes up to three times as much, and the details have it once more.
MOST_MESSAGE_BYTES = 1200

CODES = {code.value[0]: code for code in grpc.StatusCode}

_REASONS = dict(reason_pb2.Reason.items())

# What a status without ErrorInfo means: it was made by a gRPC library or a proxy, not by a service of ours.
_BARE = {
    grpc.StatusCode.UNAVAILABLE: (grpc.StatusCode.UNAVAILABLE, reason_pb2.REASON_DEPENDENCY_UNAVAILABLE),
    grpc.StatusCode.CANCELLED: (grpc.StatusCode.UNAVAILABLE, reason_pb2.REASON_DEPENDENCY_UNAVAILABLE),
    grpc.StatusCode.DEADLINE_EXCEEDED: (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        reason_pb2.REASON_DEADLINE_EXCEEDED,
    ),
    grpc.StatusCode.UNIMPLEMENTED: (grpc.StatusCode.UNIMPLEMENTED, reason_pb2.REASON_UNKNOWN_METHOD),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        reason_pb2.REASON_REQUEST_TOO_LARGE,
    ),
    grpc.StatusCode.UNAUTHENTICATED: (grpc.StatusCode.UNAUTHENTICATED, reason_pb2.REASON_NO_PRINCIPAL),
    grpc.StatusCode.PERMISSION_DENIED: (
        grpc.StatusCode.PERMISSION_DENIED,
        reason_pb2.REASON_CALLER_NOT_ALLOWED,
    ),
}
_UNEXPECTED = (grpc.StatusCode.INTERNAL, reason_pb2.REASON_INTERNAL)

_SENTENCES: dict[reason_pb2.Reason.ValueType, str] = {
    reason_pb2.REASON_DEPENDENCY_UNAVAILABLE: "The {service} service does not answer. Try again in a moment.",
    reason_pb2.REASON_DEADLINE_EXCEEDED: "The {service} service did not answer in time. Try again, or ask for less.",
    reason_pb2.REASON_UNKNOWN_METHOD: "The {service} service does not know this method. Compare the versions.",
    reason_pb2.REASON_REQUEST_TOO_LARGE: "A message to or from the {service} service was too large. Send less at once.",
    reason_pb2.REASON_NO_PRINCIPAL: "The {service} service asks who calls. Sign in first.",
    reason_pb2.REASON_CALLER_NOT_ALLOWED: "The {service} service does not let this caller use the method.",
    reason_pb2.REASON_INTERNAL: "Something went wrong in the {service} service.",
}


def encode(error: CallError, request_id: str) -> status_pb2.Status:
    """The status of a failed call: ErrorInfo and RequestInfo always, BadRequest and RetryInfo where they apply.

    Of many violations the first are told; the message says how many there are. Of a message longer than
    MOST_MESSAGE_BYTES, which repeats something that the caller sent, the beginning is told.
    """
    status = status_pb2.Status(code=error.code.value[0], message=_cut(error.message))
    metadata = {**error.metadata, "request_id": request_id}
    _add(
        status,
        error_details_pb2.ErrorInfo(reason=reason_name(error.reason), domain=DOMAIN, metadata=metadata),
        error_details_pb2.RequestInfo(request_id=request_id),
    )
    if error.violations:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=found.field, description=found.description)
            for found in error.violations[:MOST_VIOLATIONS]
        ]
        _add(status, error_details_pb2.BadRequest(field_violations=violations))
    if error.retry_after_seconds is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(round(error.retry_after_seconds * 1e9))
        _add(status, retry)
    return status


def _cut(message: str) -> str:
    written = message.encode()
    if len(written) <= MOST_MESSAGE_BYTES:
        return message
    return written[:MOST_MESSAGE_BYTES].decode(errors="ignore") + "..."


def _add(status: status_pb2.Status, *details: Message) -> None:
    for detail in details:
        status.details.add().Pack(detail)


def from_rpc_error(error: grpc.aio.AioRpcError, service: str) -> CallError:
    """The failure of a call to `service` as its handler meant it, or a sentence of our own where a library made it."""
    status = _status(error.trailing_metadata() or ())
    info = error_details_pb2.ErrorInfo()
    if status is None or not _unpack(status, info) or info.domain != DOMAIN:
        code, reason = _BARE.get(error.code(), _UNEXPECTED)
        return CallError(code, reason, _SENTENCES[reason].format(service=service))
    return _decode(status, info)


def _decode(status: status_pb2.Status, info: error_details_pb2.ErrorInfo) -> CallError:
    bad, retry = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    _unpack(status, bad)
    return CallError(
        CODES.get(status.code, grpc.StatusCode.INTERNAL),
        _REASONS.get(f"REASON_{info.reason}", reason_pb2.REASON_UNSPECIFIED),
        status.message,
        violations=[Violation(found.field, found.description) for found in bad.field_violations],
        retry_after_seconds=retry.retry_delay.ToNanoseconds() / 1e9 if _unpack(status, retry) else None,
        metadata=dict(info.metadata),
    )


def _status(metadata: Iterable[tuple[str, str | bytes]]) -> status_pb2.Status | None:
    for key, value in metadata:
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None


def _unpack(status: status_pb2.Status, into: Message) -> bool:
    return any(detail.Is(into.DESCRIPTOR) and detail.Unpack(into) for detail in status.details)
