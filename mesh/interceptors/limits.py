"""Admits only as many calls as the contract allows a principal or an address, and the platform a principal."""

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
    """Counts calls from outside, for each principal and address, in the method's limits and in that of the platform.

    The address is the one that the edge saw; a call that did not come through it has none. The person at the machine,
    who needs no account, shares it with nobody and is not counted.

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
        limits, most = self._limits, self._calls_a_minute
        of_principal = _Allowances(limits, method, policy_pb2.LIMIT_SCOPE_PRINCIPAL)
        of_address = _Allowances(limits, method, policy_pb2.LIMIT_SCOPE_ADDRESS)

        async def limit(call: Call) -> bytes:
            if not call.from_outside:
                return await proceed(call)
            if call.client.address:
                await of_address.take(call.client.address)
            principal = call.principal
            if principal is not None and principal != LOCAL_PRINCIPAL:
                if most:
                    await _take(limits, f"principal:{principal.id}", most, MINUTE, "calls")
                await of_principal.take(principal.id)
            return await proceed(call)

        return limit


class _Allowances:
    """What a method allows each principal, or each address."""

    def __init__(self, limits: Limits, method: Method, scope: policy_pb2.LimitScope.ValueType) -> None:
        self._limits = limits
        self._path = method.path
        self._allowed = [
            (limit.requests, limit.window.ToMicroseconds() / 1e6)
            for limit in method.policy.limits
            if limit.scope == scope
        ]

    async def take(self, whom: str) -> None:
        """Raises CallError: RATE_LIMITED."""
        for requests, seconds in self._allowed:
            key = f"{self._path}:{seconds:g}:{whom}"
            await _take(self._limits, key, requests, seconds, f"calls of {self._path}")


async def _take(limits: Limits, key: str, requests: int, seconds: float, what: str) -> None:
    taken = await limits.take(key, 1, requests, seconds)
    if not taken.admitted:
        window = timedelta(seconds=seconds)
        raise exhausted(
            reason_pb2.REASON_RATE_LIMITED,
            f"No more than {requests} {what} in {window} are admitted. Wait and try again.",
            taken.retry_after_seconds,
        )
