"""Access that was loosened against another version of the contracts: breaking, because it cannot be taken back."""

from collections.abc import Iterator

from mootion.policy.v1 import policy_pb2

from mesh.derive.contracts import Contracts, Method


def loosened(before: Contracts, after: Contracts) -> list[str]:
    """One sentence for each method that more may call than before."""
    known = {method.full_name: method for method in before.methods}
    return [
        sentence
        for method in after.methods
        if method.full_name in known
        for sentence in _compared(known[method.full_name], method)
    ]


def _compared(before: Method, after: Method) -> Iterator[str]:
    if before.policy is None or after.policy is None:
        return
    if after.policy.least_role < before.policy.least_role:
        yield (
            f"{after.full_name} asked for the role {_role(before.policy)} and now for {_role(after.policy)}: "
            "a loosened access is breaking."
        )
    if after.at_edge and not before.at_edge:
        yield f"{after.full_name} could not be called by the edge and now can: a loosened access is breaking."


def _role(policy: policy_pb2.MethodPolicy) -> str:
    return policy_pb2.AccessRole.Name(policy.least_role).removeprefix("ACCESS_ROLE_")
