"""Admits only as many calls as the contract allows a principal, and as many in all as the platform does."""

from datetime import timedelta

from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2

from mesh.callers import EDGE, LOCAL_PRINCIPAL
from mesh.errors import exhausted
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method
from mesh.ports.limits import Limits

MINUTE = 60.0


class LimitsInterceptor:
    """Counts calls from outside, for each principal, in every limit of the method and in that of the platform.

    The person at the machine, who needs no account, shares it with nobody and is not counted.

    Args:
        limits: shared by all processes of the system where Redis is configured.
        calls_a_minute: what the platform allows one principal over all methods; 0 for no such limit.
    """

    def __init__(self, limits: Limits, calls_a_minute: int) -> None:
        self._limits = limits
        self._calls_a_minute = calls_a_minute

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        if EDGE not in method.callers:
            return proceed
        path, limits, most = method.path, self._limits, self._calls_a_minute
        own = [
            (limit.requests, limit.window.ToMicroseconds() / 1e6)
            for limit in method.policy.limits
            if limit.scope == policy_pb2.LIMIT_SCOPE_PRINCIPAL
        ]

        async def limit(call: Call) -> bytes:
            principal = call.principal
            if not call.from_outside or principal is None or principal == LOCAL_PRINCIPAL:
                return await proceed(call)
            if most:
                await _take(limits, f"principal:{principal.id}", most, MINUTE, "calls")
            for requests, seconds in own:
                await _take(
                    limits, f"{path}:{seconds:g}:{principal.id}", requests, seconds, f"calls of {path}"
                )
            return await proceed(call)

        return limit


async def _take(limits: Limits, key: str, requests: int, seconds: float, what: str) -> None:
    taken = await limits.take(key, 1, requests, seconds)
    if not taken.admitted:
        window = timedelta(seconds=seconds)
        raise exhausted(
            reason_pb2.REASON_RATE_LIMITED,
            f"No more than {requests} {what} in {window} are admitted. Wait and try again.",
            taken.retry_after_seconds,
        )
