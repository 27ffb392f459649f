"""One call to another service: its attempts, its deadline and what goes along with it."""

import asyncio
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc
from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2

from mesh import context, resuming, status
from mesh.breaker import GuardedCall
from mesh.circuits import Circuits
from mesh.context import Principal
from mesh.errors import CallError
from mesh.in_flight import RESTARTING
from mesh.policy import Method
from mesh.signature import SIGNATURE_KEY, Signer
from mesh.telemetry import Telemetry
from mesh.tracing import trace_headers

Reply = TypeVar("Reply")

# gRPC sends a timeout that it has sent before where that is at most 3 % longer (its header compression), and rounds
# up by 0.5 %: with less taken off than this, the time left would grow from hop to hop.
_SHARE_OF_TIME_LEFT = 0.95


@dataclass(frozen=True)
class Identity:
    """Who a client says it is, where that does not come from the call being served."""

    principal: Principal | None
    caller: str


class OutgoingMethod:
    """One method as it is called from this process.

    Args:
        method: what the contract says about it.
        start: starts a call with a request, a timeout in seconds and metadata.
    """

    def __init__(
        self,
        method: Method,
        start: Callable[..., Any],
        *,
        identity: Identity | None,
        workload: str,
        telemetry: Telemetry,
        signer: Signer | None,
        circuits: Circuits,
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float],
    ) -> None:
        self.method = method
        self.circuits = circuits
        self.tracing = telemetry.tracing
        self._start = start
        self._identity = identity
        self._workload = workload
        self._signer = signer
        self._calls = telemetry.metrics.client_calls
        self._sleep = sleep
        self._jitter = jitter
        self._attempts = max(1, method.policy.retry.max_attempts)
        self._backoff_seconds = method.policy.retry.initial_backoff.ToMicroseconds() / 1e6
        self._for_a_person = method.policy.least_role != policy_pb2.ACCESS_ROLE_SERVICE

    def deadline(self, timeout: float | None) -> float:
        """When the call must have ended, on the monotonic clock."""
        seconds = (
            self.method.deadline_seconds if timeout is None else min(timeout, self.method.deadline_seconds)
        )
        ends = time.monotonic() + seconds
        call = context.current()
        return ends if call is None else min(ends, call.deadline)

    @contextmanager
    def begun(self, request: object, deadline: float) -> Iterator[Any]:
        """One attempt, cancelled when the block ends before it does, or when the handler that makes it ends.

        Raises:
            CallError: no time is left for the attempt.
        """
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise CallError(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                reason_pb2.REASON_DEADLINE_EXCEEDED,
                f"No time was left to call the {self.method.service} service. Try again, or ask for less.",
            )
        serving = context.current()
        if serving is not None:
            remaining *= _SHARE_OF_TIME_LEFT
        attempt = self._start(request, timeout=remaining, metadata=self._metadata())
        if serving is not None:
            serving.outgoing.add(attempt)
        try:
            yield attempt
        finally:
            attempt.cancel()
            if serving is not None:
                serving.outgoing.discard(attempt)

    def count(self, code: grpc.StatusCode) -> None:
        """Counts an attempt by how it ended."""
        self._calls.labels(self.method.path, code.name).inc()

    async def repeats(self, failure: CallError, attempt: int, deadline: float) -> bool:
        """Waits before the next attempt; False when there is none.

        Only what makes a service unavailable itself is repeated. Where it reports that another one behind it does
        not answer, that call has been repeated already.
        """
        if attempt >= self._attempts or not _may_help(failure):
            return False
        return await self._pauses(self._backoff_seconds, attempt, deadline)

    async def resumes(self, failure: CallError, attempt: int, deadline: float) -> bool:
        """Waits before a watch is gone on with; False when it is not."""
        if attempt >= resuming.MOST_ATTEMPTS or not _may_help(failure):
            return False
        return await self._pauses(resuming.FIRST_PAUSE_SECONDS, attempt, deadline)

    async def _pauses(self, first_seconds: float, attempt: int, deadline: float) -> bool:
        pause = first_seconds * 2 ** (attempt - 1) * (0.5 + self._jitter())
        if pause >= deadline - time.monotonic():
            return False
        await self._sleep(pause)
        return True

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        call = context.current()
        identity = self._identity or Identity(
            call.principal if call else None, context.workload() or self._workload
        )
        metadata = dict(trace_headers())
        if call is not None:
            metadata["mootion-request-id"] = call.request_id
        if identity.caller and self._signer is not None:
            metadata["mootion-caller"] = identity.caller
            if identity.principal is not None and self._for_a_person:
                role = policy_pb2.AccessRole.Name(identity.principal.role).removeprefix("ACCESS_ROLE_")
                metadata |= {"mootion-principal": identity.principal.id, "mootion-role": role}
            metadata[SIGNATURE_KEY] = self._signer.sign(self.method.path, metadata)
        return tuple(metadata.items())


class RequestSource:
    """The requests of a stream. Keeps what their producer raised, which gRPC would only log."""

    def __init__(self, requests: AsyncIterable[Any] | Iterable[Any]) -> None:
        self._requests = requests
        self.error: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            if isinstance(self._requests, AsyncIterable):
                async for request in self._requests:
                    yield request
            else:
                for request in self._requests:
                    yield request
        except Exception as error:
            self.error = error
            raise


class UnaryReply(Generic[Reply]):
    """A call with one reply: await it, once."""

    def __init__(self, method: OutgoingMethod, request: object, timeout: float | None) -> None:
        self._method = method
        self._request = request
        self._timeout = timeout

    def __await__(self) -> Generator[Any, None, Reply]:
        return self._reply().__await__()

    async def _reply(self) -> Reply:
        deadline, attempt = self._method.deadline(self._timeout), 1
        granted, method = deadline - time.monotonic(), self._method.method
        with self._method.tracing.calling(method.path), self._method.circuits.guarding(method, granted):
            while True:
                try:
                    return await self._attempt(deadline)
                except grpc.aio.AioRpcError as error:
                    await _next_attempt(self._method, self._request, error, attempt, deadline)
                attempt += 1

    async def _attempt(self, deadline: float) -> Reply:
        with self._method.begun(self._request, deadline) as call:
            try:
                reply: Reply = await call
            except (grpc.aio.AioRpcError, asyncio.CancelledError):
                _raise_source_error(self._request)
                raise
        self._method.count(grpc.StatusCode.OK)
        return reply


class ReplyStream(Generic[Reply]):
    """A call with a stream of replies: iterate it, once.

    A watch whose server hands it over, or is lost, goes on at another one with what comes after the last reply.
    """

    def __init__(self, method: OutgoingMethod, request: object, timeout: float | None) -> None:
        self._method = method
        self._request = request
        self._timeout = timeout
        self._resumption = resuming.Resumption(method.method, request) if method.method.resumable else None
        self._received = False
        self._replies = self._run()

    def __aiter__(self) -> AsyncIterator[Reply]:
        return self._replies

    async def __anext__(self) -> Reply:
        return await anext(self._replies)

    async def aclose(self) -> None:
        """Cancels the call."""
        await self._replies.aclose()

    async def _run(self) -> AsyncGenerator[Reply, None]:
        deadline, attempt = self._method.deadline(self._timeout), 1
        granted, method = deadline - time.monotonic(), self._method.method
        with self._method.circuits.guarding(method, granted) as guarded:
            while True:
                try:
                    with self._method.begun(self._next_request(), deadline) as call:
                        async for reply in call:
                            attempt = self._saw(reply, guarded)
                            yield reply
                        trailing = await call.trailing_metadata()
                    self._method.count(grpc.StatusCode.OK)
                    if self._resumption is None or not resuming.handed_over(trailing):
                        return
                except (grpc.aio.AioRpcError, asyncio.CancelledError) as error:
                    _raise_source_error(self._request)
                    if isinstance(error, asyncio.CancelledError):
                        raise
                    await self._again(error, attempt, deadline)
                    attempt += 1

    def _next_request(self) -> object:
        return self._request if self._resumption is None else self._resumption.request()

    def _saw(self, reply: Reply, guarded: GuardedCall | None) -> int:
        """Returns the number of the attempt that comes after one that brought this."""
        self._received = True
        if guarded is not None:
            guarded.succeeded()
        if self._resumption is not None:
            self._resumption.saw(reply)
        return 0

    async def _again(self, error: grpc.aio.AioRpcError, attempt: int, deadline: float) -> None:
        if self._resumption is None or not self._received:
            await _next_attempt(
                self._method, self._request, error, attempt, deadline, received=self._received
            )
            return
        self._method.count(error.code())
        failure = status.from_rpc_error(error, self._method.method.service)
        if not await self._method.resumes(failure, max(attempt, 1), deadline):
            raise failure from None


async def _next_attempt(
    method: OutgoingMethod,
    request: object,
    error: grpc.aio.AioRpcError,
    attempt: int,
    deadline: float,
    *,
    received: bool = False,
) -> None:
    """Waits until the call may be made again, or raises what its failure means."""
    method.count(error.code())
    failure = status.from_rpc_error(error, method.method.service)
    may_repeat = not received and not isinstance(request, RequestSource)
    if not may_repeat or not await method.repeats(failure, attempt, deadline):
        raise failure from None


def _may_help(failure: CallError) -> bool:
    return failure.code is grpc.StatusCode.UNAVAILABLE and not _is_from_behind(failure)


def _is_from_behind(failure: CallError) -> bool:
    # A status that a service wrote itself names the request; one from the transport does not.
    return (
        failure.reason == reason_pb2.REASON_DEPENDENCY_UNAVAILABLE
        and "request_id" in failure.metadata
        and RESTARTING not in failure.metadata
    )


def _raise_source_error(request: object) -> None:
    if isinstance(request, RequestSource) and request.error is not None:
        raise request.error from None
