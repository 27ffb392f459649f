"""What a call carries along, seen from anywhere below its handler."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from mootion.audit.v1 import audit_service_pb2
from mootion.policy.v1 import policy_pb2


class Cancellable(Protocol):
    """Something that runs and can be told to stop."""

    def cancel(self) -> object:
        """Stops it; does nothing once it has ended."""
        ...


@dataclass(frozen=True)
class Principal:
    """Who a call is made for."""

    id: str
    role: policy_pb2.AccessRole.ValueType


@dataclass(frozen=True, slots=True)
class Client:
    """Where a call from outside came from: the address as the edge saw it, the program, and the session of the token
    it was made with. All empty for calls inside the mesh."""

    address: str = ""
    user_agent: str = ""
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class CallContext:
    """One call: its principal (None for calls of the mesh itself), the workload that made it, when it must have
    ended on the monotonic clock, its request id for the logs, its full method name, by what its caller showed in this
    call whose account it is, and the calls it has made that have not ended yet."""

    principal: Principal | None
    caller: str
    deadline: float
    request_id: str
    method: str
    client: Client = Client()
    factors: list[audit_service_pb2.Factor.ValueType] = field(default_factory=list, compare=False)
    outgoing: set[Cancellable] = field(default_factory=set, compare=False, repr=False)

    def remaining_seconds(self) -> float:
        """Time left, never below zero."""
        return max(0.0, self.deadline - time.monotonic())


_current: ContextVar[CallContext | None] = ContextVar("mootion_call", default=None)
_workload: ContextVar[str] = ContextVar("mootion_workload", default="")


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


def client() -> Client:
    """Where the call being served came from; all empty outside of one."""
    call = _current.get()
    return call.client if call is not None else Client()


def note_factors(factors: Iterable[audit_service_pb2.Factor.ValueType]) -> None:
    """Notes for the audit log by what the caller has shown whose account it is. Does nothing outside of a call."""
    call = _current.get()
    if call is not None:
        call.factors.extend(factors)


def workload() -> str:
    """The service or worker whose code runs here, or an empty string where nobody has said."""
    return _workload.get()


class Entered:
    """Makes a call the current one while the block lasts. Calls it made and left behind are cancelled at the end.

    Args:
        call: the call.
        workload: whose code serves it; None leaves that as it is.
    """

    __slots__ = ("_call", "_call_token", "_workload", "_workload_token")

    def __init__(self, call: CallContext, workload: str | None = None) -> None:
        self._call = call
        self._workload = workload

    def __enter__(self) -> None:
        self._call_token = _current.set(self._call)
        if self._workload is not None:
            self._workload_token = _workload.set(self._workload)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._call_token)
        if self._workload is not None:
            _workload.reset(self._workload_token)
        if self._call.outgoing:
            for abandoned in tuple(self._call.outgoing):
                abandoned.cancel()


@contextmanager
def acting_for(owner_id: str, *, request_id: str, timeout_seconds: float) -> Iterator[None]:
    """Makes calls in the block on behalf of a resource's owner: for queue and event handlers."""
    principal = Principal(owner_id, policy_pb2.ACCESS_ROLE_STUDENT)
    with Entered(CallContext(principal, "", time.monotonic() + timeout_seconds, request_id, "")):
        yield


@contextmanager
def working_as(name: str) -> Iterator[None]:
    """Names the workload that makes the calls in the block: one process may hold many services."""
    token = _workload.set(name)
    try:
        yield
    finally:
        _workload.reset(token)
