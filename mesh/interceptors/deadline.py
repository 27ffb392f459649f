"""Ends a call when its time is up, and its handler with it."""

import asyncio
import time

import grpc
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError
from mesh.in_flight import RESUME_KEY, InFlight, stopping
from mesh.interceptors.call import Call, Proceed
from mesh.policy import AFTER_SEQUENCE, Method


class DeadlineInterceptor:
    """The earlier of the policy's deadline and the client's; the handler is cancelled then, or when the server stops.

    A watch ends well when the server hands its watches over, with the trailing metadata `mootion-resume`.

    Args:
        in_flight: the calls of the server.
    """

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        longest, in_flight, watch = method.deadline_seconds, self._in_flight, method.resumable

        async def limit(call: Call) -> bytes:
            left = call.context.time_remaining()
            seconds = longest if left is None else min(longest, left)
            call.deadline = time.monotonic() + seconds
            if watch and in_flight.handing_over:
                return _handed_over(call)
            task = in_flight.enter(watch=watch)
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
                if watch and in_flight.handing_over:
                    return _handed_over(call)
                raise
            finally:
                in_flight.leave(task)

        return limit


def _handed_over(call: Call) -> bytes:
    call.context.set_trailing_metadata(((RESUME_KEY, AFTER_SEQUENCE),))
    return b""


def _exceeded(seconds: float) -> CallError:
    return CallError(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        reason_pb2.REASON_DEADLINE_EXCEEDED,
        f"The call was stopped after {seconds:.3g} seconds. Ask for less at once, or try again later.",
    )
