"""Ends a call when its time is up, and its handler with it."""

import asyncio
import time

import grpc
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method


class DeadlineInterceptor:
    """The earlier of the policy's deadline and the client's; the handler is cancelled then."""

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        longest = method.deadline_seconds

        async def limit(call: Call) -> bytes:
            left = call.context.time_remaining()
            seconds = longest if left is None else min(longest, left)
            call.deadline = time.monotonic() + seconds
            try:
                async with asyncio.timeout(seconds) as scope:
                    return await proceed(call)
            except TimeoutError:
                if not scope.expired():
                    raise
                raise _exceeded(seconds) from None

        return limit


def _exceeded(seconds: float) -> CallError:
    return CallError(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        reason_pb2.REASON_DEADLINE_EXCEEDED,
        f"The call was stopped after {seconds:.3g} seconds. Ask for less at once, or try again later.",
    )
