"""What the contract allows of a method, taken from the one counter by whoever counts: a service or the edge."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from mootion.policy.v1 import policy_pb2

from mesh.ports.limits import Limits, Taken

# An address of version 6 is one of 2^64 that the same customer of a provider may use.
_NETWORK_BITS = 64


@dataclass(frozen=True)
class Allowance:
    """So many calls in any stretch of so many seconds."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Spent:
    """An allowance after a call was taken from it."""

    allowance: Allowance
    taken: Taken


class Allowances:
    """What a method allows each principal, or each address.

    Args:
        limits: where calls are counted.
        path: the gRPC path of the method.
        policy: what the contract says of it.
        scope: whom to count.
    """

    def __init__(
        self,
        limits: Limits,
        path: str,
        policy: policy_pb2.MethodPolicy,
        scope: policy_pb2.LimitScope.ValueType,
    ) -> None:
        self._limits = limits
        self._path = path
        self._by_address = scope == policy_pb2.LIMIT_SCOPE_ADDRESS
        self.each = tuple(
            Allowance(limit.requests, limit.window.ToMicroseconds() / 1e6)
            for limit in policy.limits
            if limit.scope == scope
        )

    async def take(self, whom: str) -> Spent | None:
        """Counts one call in each allowance, until one is used up: what is left of the tightest, or of the one that was
        used up. None where the method has no limit."""
        counted = network_of(whom) if self._by_address else whom
        tightest: Spent | None = None
        for allowance in self.each:
            key = f"{self._path}:{allowance.seconds:g}:{counted}"
            taken = await self._limits.take(key, 1, allowance.requests, allowance.seconds)
            spent = Spent(allowance, taken)
            if not taken.admitted:
                return spent
            if tightest is None or taken.remaining < tightest.taken.remaining:
                tightest = spent
        return tightest


def headers_of(spent: Spent) -> Mapping[str, str]:
    """What a caller is told of a limit: `ratelimit-limit`, `-remaining` and `-reset` in seconds
    (draft-ietf-httpapi-ratelimit-headers-06), and `retry-after` where the call was refused."""
    taken = spent.taken
    told = {
        "ratelimit-limit": str(spent.allowance.requests),
        "ratelimit-remaining": str(taken.remaining),
        "ratelimit-reset": str(_whole(taken.reset_seconds)),
    }
    return told if taken.admitted else told | {"retry-after": str(_whole(taken.retry_after_seconds))}


def network_of(address: str) -> str:
    """What is counted as one address: itself, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> _NETWORK_BITS << _NETWORK_BITS)}/{_NETWORK_BITS}"


def _whole(seconds: float) -> int:
    return max(1, -int(-seconds // 1))
