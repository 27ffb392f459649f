"""One circuit for each service that is called, so that nobody waits for one that does not answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import grpc
from mootion.errors.v1 import reason_pb2

from mesh import context
from mesh.breaker import CircuitBreaker, CircuitOpen, GuardedCall
from mesh.errors import CallError
from mesh.policy import Method

# A call that had less of its policy's time than this did not fail by being late.
FAIR_SHARE = 0.9


class Circuits:
    """The circuits of a process. A failure is a call that found no server, lost it, or waited all its policy's time;
    what a server answers, errors too, is an answer.

    Only calls made for somebody who waits are guarded: queue and event handlers come back by themselves, and later.

    Args:
        now: seconds on a clock that only goes forward.
        made: told each circuit and the service it is for when it is made.
    """

    def __init__(
        self,
        now: Callable[[], float] = monotonic,
        made: Callable[[str, CircuitBreaker], None] = lambda service, breaker: None,
    ) -> None:
        self._now, self._made = now, made
        self._breakers: dict[str, CircuitBreaker] = {}

    def breaker(self, service: str) -> CircuitBreaker:
        """The circuit of a service."""
        found = self._breakers.get(service)
        if found is None:
            found = self._breakers[service] = CircuitBreaker(self._now)
            self._made(service, found)
        return found

    @contextmanager
    def guarding(self, method: Method, granted_seconds: float) -> Iterator[GuardedCall | None]:
        """Wraps one call with all its attempts; gives None where calls are not guarded.

        Raises:
            CallError: the service did not answer of late and is left alone.
        """
        serving = context.current()
        if serving is None or not serving.method:
            yield None
            return
        call = self._admit(method.service)
        try:
            yield call
            call.succeeded()
        except CallError as failure:
            _judge(call, failure, fair=granted_seconds >= method.deadline_seconds * FAIR_SHARE)
            raise
        finally:
            call.ended()

    def _admit(self, service: str) -> GuardedCall:
        try:
            return self.breaker(service).admit()
        except CircuitOpen as refusal:
            raise CallError(
                grpc.StatusCode.UNAVAILABLE,
                reason_pb2.REASON_DEPENDENCY_UNAVAILABLE,
                f"The {service} service did not answer of late and is left alone for a moment. Try again then.",
                retry_after_seconds=max(1.0, refusal.rest_seconds),
            ) from None


def _judge(call: GuardedCall, failure: CallError, *, fair: bool) -> None:
    # A status that a service wrote itself names the request; one from the transport does not.
    if "request_id" in failure.metadata:
        call.succeeded()
        return
    late = fair and failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
    if late or failure.code is grpc.StatusCode.UNAVAILABLE:
        call.failed()
