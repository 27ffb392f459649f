"""Admits only as many calls as the contract allows a principal or an address, and the platform a principal."""

from datetime import timedelta

from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2

from mesh.allowances import Allowance, Allowances, Spent, headers_of
from mesh.callers import EDGE, LOCAL_PRINCIPAL
from mesh.counted import COUNTED_KEY, Counted
from mesh.errors import CallError, exhausted
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method
from mesh.ports.limits import Limits

MINUTE = 60.0


class LimitsInterceptor:
    """Counts calls from outside, for each principal and address, in the method's limits and in that of the platform.

    What the rate-limit service of the edge has counted is not counted again. The address is the one that the edge saw;
    a call that did not come through it has none. The person at the machine, who needs no account, shares it with nobody
    and is not counted.

    Args:
        limits: shared by all processes of the system where Redis is configured.
        calls_a_minute: what the platform allows one principal over all methods; 0 for no such limit.
        counted: knows the marks of the rate-limit service.
    """

    def __init__(self, limits: Limits, calls_a_minute: int, counted: Counted) -> None:
        self._limits = limits
        self._platform = Allowance(calls_a_minute, MINUTE)
        self._counted = counted

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        if EDGE not in method.callers:
            return proceed
        limits, platform = self._limits, self._platform
        own = _OwnLimits(limits, method, self._counted)

        async def limit(call: Call) -> bytes:
            if not call.from_outside:
                return await proceed(call)
            principal = call.principal if call.principal != LOCAL_PRINCIPAL else None
            if principal is not None and platform.requests:
                key = f"principal:{principal.id}"
                taken = await limits.take(key, 1, platform.requests, platform.seconds)
                _refuse_over(Spent(platform, taken), "calls")
            if method.policy.limits:
                await own.take(call, principal.id if principal is not None else "")
            return await proceed(call)

        return limit


class _OwnLimits:
    """What the contract of one method allows."""

    def __init__(self, limits: Limits, method: Method, counted: Counted) -> None:
        self._path = method.path
        self._counted = counted
        self._of_principal = Allowances(limits, method.path, method.policy, policy_pb2.LIMIT_SCOPE_PRINCIPAL)
        self._of_address = Allowances(limits, method.path, method.policy, policy_pb2.LIMIT_SCOPE_ADDRESS)

    async def take(self, call: Call, principal_id: str) -> None:
        """Raises CallError: RATE_LIMITED."""
        address = call.client.address
        for_address, for_principal = self._marked(call.text(COUNTED_KEY), principal_id, address)
        if address and not for_address:
            self._check(await self._of_address.take(address))
        if principal_id and not for_principal:
            self._check(await self._of_principal.take(principal_id))

    def _marked(self, mark: str, principal_id: str, address: str) -> tuple[bool, bool]:
        """Whether the limits of the address, and those of the principal, were counted before. The edge does not know
        whom an API key stands for, so it may have counted the address alone."""
        if not mark:
            return False, False
        if self._counted.is_good(mark, self._path, principal_id, address):
            return True, True
        return self._counted.is_good(mark, self._path, "", address), False

    def _check(self, spent: Spent | None) -> None:
        if spent is not None:
            _refuse_over(spent, f"calls of {self._path}")


def _refuse_over(spent: Spent, what: str) -> None:
    if not spent.taken.admitted:
        raise over(spent, what)


def over(spent: Spent, what: str) -> CallError:
    """The refusal of a call that is one too many."""
    window = timedelta(seconds=spent.allowance.seconds)
    refusal = exhausted(
        reason_pb2.REASON_RATE_LIMITED,
        f"No more than {spent.allowance.requests} {what} in {window} are admitted. Wait and try again.",
        spent.taken.retry_after_seconds,
    )
    refusal.headers = headers_of(spent)
    return refusal
