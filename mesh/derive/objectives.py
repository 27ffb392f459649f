"""Service level objectives: which class a method belongs to by its policy, and what is promised of each class."""

from collections.abc import Sequence
from dataclasses import dataclass

from mootion.errors.v1 import reason_pb2

from mesh.derive.contracts import Contracts, Method

QUICK_SECONDS = 20.0
DAYS = 30
# What is our fault, or that of something we stand on. Refusals that a caller earned do not count.
OUR_FAULT: Sequence[reason_pb2.Reason.ValueType] = (
    reason_pb2.REASON_INTERNAL,
    reason_pb2.REASON_DEADLINE_EXCEEDED,
    reason_pb2.REASON_DEPENDENCY_UNAVAILABLE,
    reason_pb2.REASON_QUEUE_FULL,
    reason_pb2.REASON_STORAGE_FULL,
    reason_pb2.REASON_OVERLOADED,
    reason_pb2.REASON_ENGINE_UNAVAILABLE,
    reason_pb2.REASON_ENGINE_OUTPUT_INVALID,
)


@dataclass(frozen=True)
class MethodClass:
    """Methods of which the same is promised.

    Args:
        available: share of calls that do not fail by our fault.
        fast: share of calls that end within `seconds`, which is a bucket of the histogram; None where the length of a
            call is up to its caller.
    """

    name: str
    which: str
    available: float
    fast: float | None = None
    seconds: float | None = None


READ = MethodClass("read", "one reply, no side effects, at most 20 s", 0.999, 0.99, 0.5)
WRITE = MethodClass("write", "one reply, side effects, at most 20 s", 0.999, 0.99, 1.0)
GENERATE = MethodClass("generate", "one reply, more than 20 s", 0.995, 0.95, 30.0)
STREAM = MethodClass("stream", "many replies", 0.995)
CLASSES = (READ, WRITE, GENERATE, STREAM)


def class_of(method: Method) -> MethodClass | None:
    """The class by the contract alone, so that a new method has one; None for methods that nobody outside calls."""
    if not method.at_edge:
        return None
    if method.descriptor.server_streaming:
        return STREAM
    if method.deadline_seconds > QUICK_SECONDS:
        return GENERATE
    return READ if method.read_only else WRITE


def classes_by_path(contracts: Contracts) -> dict[str, MethodClass]:
    """The class of every method that has one, by gRPC path."""
    found = {method.rpc_path: class_of(method) for method in contracts.methods}
    return {path: cls for path, cls in sorted(found.items()) if cls is not None}
