"""Refuses at once what a service could not get to in time, so that it keeps on doing what it can."""

from collections import defaultdict
from dataclasses import dataclass

from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError, exhausted
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method

RETRY_AFTER_SECONDS = 1.0


@dataclass
class _Room:
    most: int
    taken: int = 0


class Admission:
    """How much room each service of a process has left.

    Every service has its own, so that one that is slow or asked too much leaves the others working. Streams, which
    mostly wait, are counted apart from calls with one request and one reply.

    Args:
        max_calls: calls of one service in flight at once.
        max_streams: streams of one service at once.
    """

    def __init__(self, max_calls: int, max_streams: int) -> None:
        self._calls: defaultdict[str, _Room] = defaultdict(lambda: _Room(max_calls))
        self._streams: defaultdict[str, _Room] = defaultdict(lambda: _Room(max_streams))

    def room(self, method: Method) -> _Room:
        """Where calls of a method are counted."""
        streams = method.client_streaming or method.server_streaming
        return (self._streams if streams else self._calls)[method.service]


class AdmissionInterceptor:
    """Ends a call with RESOURCE_EXHAUSTED and RetryInfo before anything of it is done where there is no room."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        room, service = self._admission.room(method), method.service

        async def admit(call: Call) -> bytes:
            if room.taken >= room.most:
                raise _overloaded(service, room.most)
            room.taken += 1
            try:
                return await proceed(call)
            finally:
                room.taken -= 1

        return admit


def _overloaded(service: str, most: int) -> CallError:
    return exhausted(
        reason_pb2.REASON_OVERLOADED,
        f"The {service} service has as many calls in flight as it takes, {most}. Try again in a moment.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )
