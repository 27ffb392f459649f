"""What a call carries along, seen from anywhere below its handler."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from mootion.policy.v1 import policy_pb2


@dataclass(frozen=True)
class Principal:
    """Who a call is made for."""

    id: str
    role: policy_pb2.AccessRole.ValueType


@dataclass(frozen=True)
class CallContext:
    """One call: its principal (None for calls of the mesh itself), the workload that made it, when it must have
    ended on the monotonic clock, its request id for the logs, and its full method name."""

    principal: Principal | None
    caller: str
    deadline: float
    request_id: str
    method: str

    def remaining_seconds(self) -> float:
        """Time left, never below zero."""
        return max(0.0, self.deadline - time.monotonic())


_current: ContextVar[CallContext | None] = ContextVar("mootion_call", default=None)


def current() -> CallContext | None:
    """The call being served, or None outside of one."""
    return _current.get()


def principal_id() -> str:
    """Id of the principal of the call being served.

    Raises:
        LookupError: there is no call, or it has no principal.
    """
    call = _current.get()
    if call is None or call.principal is None:
        raise LookupError("no principal: this code runs outside of a call made for a person")
    return call.principal.id


@contextmanager
def entered(call: CallContext) -> Iterator[None]:
    """Makes a call the current one while the block lasts."""
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def acting_for(owner_id: str, *, request_id: str, timeout_seconds: float) -> Iterator[None]:
    """Makes calls in the block on behalf of a resource's owner: for queue and event handlers."""
    principal = Principal(owner_id, policy_pb2.ACCESS_ROLE_STUDENT)
    with entered(CallContext(principal, "", time.monotonic() + timeout_seconds, request_id, "")):
        yield
