"""The permission table of the docs: every method with who may call it, how long, how often and how again."""

from collections.abc import Iterable

from google.protobuf.duration_pb2 import Duration
from mootion.policy.v1 import policy_pb2

from mesh.derive.contracts import Contracts, Method

_HEAD = """\
# Who may call what

Made by `make gen` from the contracts in `protos/`; do not edit. A method is reached from outside only where `edge` is
among its callers. The deadline counts where a call enters; what it calls in turn gets what is left of it.

"""
_COLUMNS = (
    "Method",
    "REST",
    "Least role",
    "Callers",
    "Deadline",
    "Limits",
    "Retry",
    "Cache",
    "Largest request",
)


def table(contracts: Contracts) -> str:
    """The table in Markdown, one section a service."""
    return _HEAD + "\n".join(_section(contracts, service) for service in _services(contracts))


def _services(contracts: Contracts) -> list[str]:
    return sorted({method.service for method in contracts.methods})


def _section(contracts: Contracts, service: str) -> str:
    rows = [_row(method) for method in contracts.methods if method.service == service]
    lines = [f"## {service}", "", contracts.comments.get(service, ""), ""]
    return "\n".join([*lines, _line(_COLUMNS), _line("---" for _ in _COLUMNS), *map(_line, rows), ""])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(method: Method) -> tuple[str, ...]:
    policy = method.policy or policy_pb2.MethodPolicy()
    return (
        f"`{method.descriptor.name}`{_streams(method)}",
        "<br>".join(f"`{rule.verb} {rule.path}`" for rule in method.http) or "—",
        policy_pb2.AccessRole.Name(policy.least_role).removeprefix("ACCESS_ROLE_"),
        ", ".join(policy.callers),
        f"{method.deadline_seconds:g} s",
        "<br>".join(map(_limit, policy.limits)) or "—",
        _retry(policy),
        _cache(policy),
        _size(method.max_request_bytes),
    )


def _streams(method: Method) -> str:
    client, server = method.descriptor.client_streaming, method.descriptor.server_streaming
    return {(True, False): " ⇡", (False, True): " ⇣", (True, True): " ⇅"}.get((client, server), "")


def _limit(limit: policy_pb2.RateLimit) -> str:
    scope = policy_pb2.LimitScope.Name(limit.scope).removeprefix("LIMIT_SCOPE_").lower()
    return f"{limit.requests} in {_seconds(limit.window)} a {scope}"


def _retry(policy: policy_pb2.MethodPolicy) -> str:
    if not policy.HasField("retry"):
        return "—"
    return f"{policy.retry.max_attempts} attempts from {_seconds(policy.retry.initial_backoff)}"


def _cache(policy: policy_pb2.MethodPolicy) -> str:
    if not policy.HasField("cache"):
        return "—"
    scope = policy_pb2.CacheScope.Name(policy.cache.scope).removeprefix("CACHE_SCOPE_").lower()
    return f"{_seconds(policy.cache.ttl)}, {scope}"


def _seconds(duration: Duration) -> str:
    return f"{duration.ToTimedelta().total_seconds():g} s"


def _size(size: int) -> str:
    return f"{size // 1_048_576} MiB" if size % 1_048_576 == 0 else f"{size:,} bytes"
