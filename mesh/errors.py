"""How a call fails: a status code, a reason of the contract and a sentence for a person; never an exception's text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import grpc
from mootion.errors.v1 import reason_pb2

DOMAIN = "mootion"


@dataclass(frozen=True)
class Violation:
    """One field that breaks a rule: its path such as `question_count`, and what is wrong with it."""

    field: str
    description: str


@dataclass
class CallError(Exception):
    """Raised by a handler to end the call with a status. `message` is for a person and reaches the caller; `headers`
    are sent beside the status."""

    code: grpc.StatusCode
    reason: reason_pb2.Reason.ValueType
    message: str
    violations: Sequence[Violation] = ()
    retry_after_seconds: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code.name} {reason_name(self.reason)}: {self.message}"


def reason_name(reason: reason_pb2.Reason.ValueType) -> str:
    """`DOCUMENT_NOT_READY` for `REASON_DOCUMENT_NOT_READY`."""
    return reason_pb2.Reason.Name(reason).removeprefix("REASON_")


def not_found(noun: str, identifier: str) -> CallError:
    """There is no such thing, or it is not the caller's: both look the same."""
    return CallError(
        grpc.StatusCode.NOT_FOUND,
        reason_pb2.REASON_NOT_FOUND,
        f"There is no {noun} {identifier!r}, or it is not yours. List yours to see which there are.",
    )


def invalid(field_path: str, description: str) -> CallError:
    """One field of the request is wrong."""
    return CallError(
        grpc.StatusCode.INVALID_ARGUMENT,
        reason_pb2.REASON_INVALID_FIELD,
        f"{field_path}: {description}",
        violations=[Violation(field_path, description)],
    )


def precondition(reason: reason_pb2.Reason.ValueType, message: str) -> CallError:
    """The request is right but the state of things does not allow it now."""
    return CallError(grpc.StatusCode.FAILED_PRECONDITION, reason, message)


def refused(reason: reason_pb2.Reason.ValueType, message: str) -> CallError:
    """What was sent can never be right, whatever the state of things."""
    return CallError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)


def missing(reason: reason_pb2.Reason.ValueType, message: str) -> CallError:
    """What was asked for does not exist, for a reason of its own."""
    return CallError(grpc.StatusCode.NOT_FOUND, reason, message)


def exhausted(
    reason: reason_pb2.Reason.ValueType, message: str, retry_after_seconds: float | None = None
) -> CallError:
    """There is no room or no allowance left."""
    return CallError(
        grpc.StatusCode.RESOURCE_EXHAUSTED, reason, message, retry_after_seconds=retry_after_seconds
    )


def conflict(message: str) -> CallError:
    """The thing changed since the caller read it."""
    return CallError(grpc.StatusCode.ABORTED, reason_pb2.REASON_CONCURRENT_CHANGE, message)
