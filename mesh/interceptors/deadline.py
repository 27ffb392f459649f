"""Ends a call when its time is up, and its handler with it."""

import asyncio
import time

import grpc
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError
from mesh.in_flight import InFlight, stopping
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method


class DeadlineInterceptor:
    """The earlier of the policy's deadline and the client's; the handler is cancelled then, or when the server stops.

    Args:
        in_flight: the calls of the server.
    """

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        longest, in_flight = method.deadline_seconds, self._in_flight

        async def limit(call: Call) -> bytes:
            left = call.context.time_remaining()
            seconds = longest if left is None else min(longest, left)
            call.deadline = time.monotonic() + seconds
            task = in_flight.enter()
            try:
                async with asyncio.timeout(seconds) as scope:
                    return await proceed(call)
            except TimeoutError:
                if not scope.expired():
                    raise
                raise _exceeded(seconds) from None
            except asyncio.CancelledError:
                if in_flight.stopped:
                    raise stopping() from None
                raise
            finally:
                in_flight.leave(task)

        return limit


def _exceeded(seconds: float) -> CallError:
    return CallError(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        reason_pb2.REASON_DEADLINE_EXCEEDED,
        f"The call was stopped after {seconds:.3g} seconds. Ask for less at once, or try again later.",
    )
