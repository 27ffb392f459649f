"""Which workloads of the mesh a method lets in, and for whom, by calling as each of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from google.protobuf import message_factory
from mootion.policy.v1 import policy_pb2

from mesh.policy import Method
from mesh.signature import SIGNATURE_KEY, Signer
from proofs.authorization.matrix import is_admitted
from proofs.callers.doors import Door
from proofs.callers.people import House

STRANGER = "stranger"
_ROLES = ("PUBLIC", "STUDENT", "TEACHER", "ADMIN")


@dataclass
class WorkloadCalls:
    """Calls every method as every workload that any contract names, and as one that none names.

    Args:
        check: notes a sentence that does not hold.
        ways: the doors of the system, `port` and `edge`.
        callers: found by method: who was let in.
        least_roles: found for each method that nobody outside may call: the least role of whoever it is called for;
            `SERVICE` where it may be called for nobody alone.
    """

    check: Callable[[bool, str], None]
    ways: Mapping[str, Door]
    signer: Signer
    house: House
    calls: int = 0
    callers: dict[str, set[str]] = field(default_factory=dict)
    least_roles: dict[str, str] = field(default_factory=dict)

    async def make(self, methods: Sequence[Method]) -> None:
        """All of them."""
        names = sorted({caller for method in methods for caller in method.callers} - {"edge"})
        for method in methods:
            role = _asked_role(method)
            let_in = {name for name in [*names, STRANGER] if await self._lets_in(method, name, role)}
            self.callers[method.full_name] = let_in
            if "edge" not in method.callers:
                await self._keeps_out(method)
                self.least_roles[method.full_name] = await self._least_role(method, let_in)

    async def _keeps_out(self, method: Method) -> None:
        """Nobody from outside, at either door."""
        request = message_factory.GetMessageClass(method.input)()
        for person in self.house.callers:
            for door in self.ways.values():
                outcome = await door.call(method, request, person.headers)
                self.calls += 1
                expected = "UNIMPLEMENTED" if door.name == "edge" else "PERMISSION_DENIED"
                where = f"{method.path} as {person.name} at the {door.name}"
                self.check(outcome.code == expected, f"{where}: {outcome.told()} instead of {expected}")

    async def _least_role(self, method: Method, workloads: set[str]) -> str:
        workload = min(workloads, default=STRANGER)
        let_in = [role for role in _ROLES if await self._lets_in(method, workload, role)]
        if let_in == ["PUBLIC"]:
            return "SERVICE"
        return let_in[0] if let_in else "nobody"

    async def _lets_in(self, method: Method, workload: str, role: str) -> bool:
        """Whether a call by a workload for somebody of a role, PUBLIC for nobody, gets past the rules."""
        said = {"mootion-caller": workload}
        if role != "PUBLIC":
            said |= {"mootion-principal": self.house.spare.account_id, "mootion-role": role}
        signed = said | {SIGNATURE_KEY: self.signer.sign(method.path, said)}
        request = message_factory.GetMessageClass(method.input)()
        outcome = await self.ways["port"].call(method, request, signed)
        self.calls += 1
        return is_admitted(method, outcome)


def _asked_role(method: Method) -> str:
    """The role that a workload names to be let in."""
    least = method.policy.least_role
    if least in (policy_pb2.ACCESS_ROLE_SERVICE, policy_pb2.ACCESS_ROLE_PUBLIC):
        return "PUBLIC"
    return policy_pb2.AccessRole.Name(least).removeprefix("ACCESS_ROLE_")
