"""Rules for the contracts that buf does not know. Each finding is one sentence that says what to change."""

from collections.abc import Callable, Iterator
from itertools import combinations

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from mootion.policy.v1 import policy_pb2

from mesh.derive.contracts import Contracts, HttpRule, Method
from mesh.derive.paths import PathError, PathTemplate
from mesh.policy import Idempotency

# Methods that may be called from outside by gRPC only, each with the reason. REST cannot carry streams both ways.
WITHOUT_REST: dict[str, str] = {}
WORKLOADS = frozenset({"edge", "media"})
_WORKER = "-worker"
_READS = ("BatchGet", "Get", "List", "Search", "Watch")

Rule = Callable[[Method], Iterator[str]]


def lint(contracts: Contracts) -> list[str]:
    """Every finding, by method in the order of names; empty for good contracts."""
    findings = [
        f"{method.full_name} {said}" for method in contracts.methods for said in _of(method, contracts)
    ]
    return [*findings, *_overlaps(contracts)]


def _of(method: Method, contracts: Contracts) -> Iterator[str]:
    for rule in _RULES:
        yield from rule(method)
    yield from _callers_are_known(method, contracts)


def _policy_is_there(method: Method) -> Iterator[str]:
    if method.policy is None:
        yield "has no policy; add `option (mootion.policy.v1.method)`."


def _policy_is_complete(method: Method) -> Iterator[str]:
    policy = method.policy
    if policy is None:
        return
    if policy.least_role == policy_pb2.ACCESS_ROLE_UNSPECIFIED:
        yield "names no `least_role` in its policy."
    if not policy.callers:
        yield "names no `callers` in its policy."
    if method.deadline_seconds <= 0:
        yield "has no `deadline` in its policy."
    if policy.least_role == policy_pb2.ACCESS_ROLE_SERVICE and method.at_edge:
        yield "is for workloads only, yet `edge` is among its callers; ask for a person's role or take `edge` out."


def _callers_are_known(method: Method, contracts: Contracts) -> Iterator[str]:
    known = WORKLOADS | set(contracts.domains)
    for caller in method.policy.callers if method.policy else ():
        if caller not in known and not caller.endswith(_WORKER):
            yield f"names the caller `{caller}`, which is no service, no worker and not the edge."


def _limits_are_sound(method: Method) -> Iterator[str]:
    for limit in method.policy.limits if method.policy else ():
        if limit.requests < 1 or limit.window.ToNanoseconds() <= 0:
            yield "has a rate limit without `requests` or without a `window`."
        if limit.scope == policy_pb2.LIMIT_SCOPE_UNSPECIFIED:
            yield "has a rate limit that does not say whom it counts; give it a `scope`."


def _retry_is_safe(method: Method) -> Iterator[str]:
    if method.policy is None or not method.policy.HasField("retry"):
        return
    retry = method.policy.retry
    if method.idempotency is Idempotency.UNKNOWN:
        yield "is retried but a repeat may do its work twice; set `idempotency_level` or take `retry` out."
    if not 2 <= retry.max_attempts <= 5:
        yield "is retried with `max_attempts` outside of 2 to 5."
    if retry.initial_backoff.ToNanoseconds() <= 0:
        yield "is retried without an `initial_backoff`."


def _cache_is_safe(method: Method) -> Iterator[str]:
    if method.policy is None or not method.policy.HasField("cache"):
        return
    cache = method.policy.cache
    if not method.read_only:
        yield "is cached but may have side effects; set `idempotency_level = NO_SIDE_EFFECTS` or take `cache` out."
    if cache.ttl.ToNanoseconds() <= 0:
        yield "is cached without a `ttl`."
    if cache.scope == policy_pb2.CACHE_SCOPE_UNSPECIFIED:
        yield "is cached without saying who may share the reply; give it a `scope`."


def _get_has_no_side_effects(method: Method) -> Iterator[str]:
    for rule in method.http:
        if rule.verb == "GET" and not method.read_only:
            yield (
                f"is reached by `GET {rule.path}` but may have side effects; "
                "set `idempotency_level = NO_SIDE_EFFECTS` or use another verb."
            )


def _mutations_are_audited(method: Method) -> Iterator[str]:
    if method.policy is None or method.read_only or not method.at_edge:
        return
    if not method.policy.HasField("audit"):
        yield "changes something for people outside but has no `audit` in its policy; name what it changes."
        return
    path = method.policy.audit.resource
    if path and not (_leads_to_a_string(method.input, path) or _leads_to_a_string(method.output, path)):
        yield f"is audited by `{path}`, which leads to no string field of its request or reply."


def _leads_to_a_string(message: Descriptor, path: str) -> bool:
    *parents, last = path.split(".")
    for name in parents:
        field = message.fields_by_name.get(name)
        if field is None or field.message_type is None or field.is_repeated:
            return False
        message = field.message_type
    field = message.fields_by_name.get(last)
    return field is not None and field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated


def _reads_say_so(method: Method) -> Iterator[str]:
    if method.descriptor.name.startswith(_READS) and not method.read_only:
        yield "is a read by its name but does not say `idempotency_level = NO_SIDE_EFFECTS`."


def _edge_and_rest_agree(method: Method) -> Iterator[str]:
    if method.at_edge and not method.http and method.full_name not in WITHOUT_REST:
        yield "may be called by the edge but has no `google.api.http` rule."
    if method.http and method.policy is not None and not method.at_edge:
        yield "has a `google.api.http` rule but `edge` is not among its callers."


def _creation_is_exactly_once(method: Method) -> Iterator[str]:
    if method.idempotency is not Idempotency.UNKNOWN:
        return
    field = method.input.fields_by_name.get("request_id")
    if field is None or field.type != FieldDescriptor.TYPE_STRING or field.is_repeated:
        yield (
            f"is not idempotent, so {method.input.name} needs a field `string request_id`; "
            "or set `idempotency_level`."
        )


def _lists_have_pages(method: Method) -> Iterator[str]:
    if not method.descriptor.name.startswith("List"):
        return
    wanted = (
        (method.input, "page_size", FieldDescriptor.TYPE_INT32, "int32"),
        (method.input, "page_token", FieldDescriptor.TYPE_STRING, "string"),
        (method.output, "next_page_token", FieldDescriptor.TYPE_STRING, "string"),
    )
    for message, name, kind, spelled in wanted:
        field = message.fields_by_name.get(name)
        if field is None or field.type != kind:
            yield f"lists things, so {message.name} needs a field `{spelled} {name}`."


def _paths_fit_their_messages(method: Method) -> Iterator[str]:
    for rule in method.http:
        try:
            template = PathTemplate.parse(rule.path)
        except PathError as error:
            yield f"has a wrong path: {error}."
            continue
        for name in template.variables:
            if not _has_field(method.input, name):
                yield f"has `{{{name}}}` in `{rule.path}`, but {method.input.name} has no such field."
        yield from _bodies_fit(method, rule)


def _bodies_fit(method: Method, rule: HttpRule) -> Iterator[str]:
    if rule.body not in ("", "*") and not _has_field(method.input, rule.body):
        yield f'has `body: "{rule.body}"`, but {method.input.name} has no such field.'
    if rule.response_body and not _has_field(method.output, rule.response_body):
        yield f'has `response_body: "{rule.response_body}"`, but {method.output.name} has no such field.'


def _has_field(message: Descriptor, path: str) -> bool:
    name, _, rest = path.partition(".")
    field = message.fields_by_name.get(name)
    if field is None:
        return False
    return not rest or (field.message_type is not None and _has_field(field.message_type, rest))


def _overlaps(contracts: Contracts) -> Iterator[str]:
    rules = [(method, rule) for method in contracts.methods for rule in method.http if _parses(rule.path)]
    for (first, one), (second, other) in combinations(rules, 2):
        if one.verb == other.verb and PathTemplate.parse(one.path).overlaps(PathTemplate.parse(other.path)):
            yield (
                f"{first.full_name} has `{one.verb} {one.path}`, which overlaps "
                f"`{other.verb} {other.path}` of {second.full_name}."
            )


def _parses(path: str) -> bool:
    try:
        PathTemplate.parse(path)
    except PathError:
        return False
    return True


_RULES: tuple[Rule, ...] = (
    _policy_is_there,
    _policy_is_complete,
    _limits_are_sound,
    _retry_is_safe,
    _cache_is_safe,
    _get_has_no_side_effects,
    _mutations_are_audited,
    _reads_say_so,
    _edge_and_rest_agree,
    _creation_is_exactly_once,
    _lists_have_pages,
    _paths_fit_their_messages,
)
