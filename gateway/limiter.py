"""Decides whether a call fits into what its contract allows its address and its principal."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mootion.policy.v1 import policy_pb2

from mesh.allowances import Allowances, Spent
from mesh.callers import EDGE
from mesh.counted import COUNTED_KEY, Counted
from mesh.errors import CallError, reason_name
from mesh.interceptors.limits import over
from mesh.policy import Method
from mesh.ports.limits import Limits


@dataclass(frozen=True)
class Asked:
    """A call that waits at the edge: its method as gRPC calls it, the address it came from, and the account its token
    names, which the edge has verified; empty where there is none."""

    path: str
    address: str
    principal_id: str


@dataclass(frozen=True)
class Decision:
    """Why a call is refused, or None; and the headers that an admitted one carries inwards."""

    refusal: CallError | None = None
    headers_inward: Mapping[str, str] = field(default_factory=dict)


class Limiter:
    """Counts the calls of methods that have limits in their contracts. Of others nobody asks.

    Args:
        limits: the counter that the services use too, where there are several processes.
        counted: marks what was counted, so that no service counts it again.
        methods: the contracts.
        refused: told the path and the reason of every call that is refused here, which no service sees.
    """

    def __init__(
        self,
        limits: Limits,
        counted: Counted,
        methods: Iterable[Method],
        refused: Callable[[str, str], None] = lambda path, reason: None,
    ) -> None:
        self._counted = counted
        self._refused = refused
        self._of_address: dict[str, Allowances] = {}
        self._of_principal: dict[str, Allowances] = {}
        for method in methods:
            if EDGE in method.callers and method.policy.limits:
                for found, scope in (
                    (self._of_address, policy_pb2.LIMIT_SCOPE_ADDRESS),
                    (self._of_principal, policy_pb2.LIMIT_SCOPE_PRINCIPAL),
                ):
                    found[method.path] = Allowances(limits, method.path, method.policy, scope)

    async def decide(self, asked: Asked) -> Decision:
        """Counts one call. A method it does not know is admitted without a mark: the service decides.

        A call that its caller gives up on is counted to its end all the same, so that a store which does not answer is
        found out.
        """
        if asked.path not in self._of_address:
            return Decision()
        spent = await asyncio.shield(self._count(asked))
        if spent is not None and not spent.taken.admitted:
            refusal = over(spent, f"calls of {asked.path}")
            self._refused(asked.path, reason_name(refusal.reason))
            return Decision(refusal)
        mark = self._counted.mark(asked.path, asked.principal_id, asked.address)
        return Decision(headers_inward={COUNTED_KEY: mark})

    async def _count(self, asked: Asked) -> Spent | None:
        """What was left of the limit that refused it, if one did."""
        for allowances, whom in (
            (self._of_address[asked.path], asked.address),
            (self._of_principal[asked.path], asked.principal_id),
        ):
            spent = await allowances.take(whom) if whom else None
            if spent is not None and not spent.taken.admitted:
                return spent
        return None
