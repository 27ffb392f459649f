"""Every door of the edge: pages, RPCs by gRPC and gRPC-web, REST paths, and what is refused."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

import betterproto2
from envoy_data_plane.envoy.config.core.v3 import (
    DataSource,
    HeaderValue,
    HeaderValueOption,
    HeaderValueOptionHeaderAppendAction,
    RoutingPriority,
)
from envoy_data_plane.envoy.config.route.v3 import (
    DirectResponseAction,
    HeaderMatcher,
    RetryPolicy,
    RetryPolicyRetryBackOff,
    Route,
    RouteAction,
    RouteActionMaxStreamDuration,
    RouteConfiguration,
    RouteMatch,
    RouteMatchConnectMatcher,
    VirtualHost,
)
from envoy_data_plane.envoy.extensions.filters.http.buffer.v3 import Buffer, BufferPerRoute
from envoy_data_plane.envoy.extensions.filters.http.cors.v3 import CorsPolicy
from envoy_data_plane.envoy.extensions.filters.http.grpc_json_transcoder.v3 import GrpcJsonTranscoder
from envoy_data_plane.envoy.type.matcher.v3 import RegexMatcher, StringMatcher
from envoy_data_plane.envoy.type.v3 import Int64Range
from envoy_data_plane.google.protobuf import Any

from mesh.derive.contracts import Contracts, HttpRule, Method
from mesh.derive.envoy import tokens
from mesh.derive.envoy.clusters import MEDIA
from mesh.derive.envoy.limits import question
from mesh.derive.envoy.replies import HEALTH_PATH
from mesh.derive.paths import PathTemplate, well_formed_path
from mesh.limit_question import BY_GRPC, BY_REST
from mesh.policy import DEFAULT_MAX_REQUEST_BYTES

# The service's own answer to a passed deadline says more than Envoy's, so it gets this much longer to arrive.
DEADLINE_MARGIN_SECONDS = 1.0
RETRY_ON = "connect-failure,refused-stream,reset-before-request"
WATCH_BACKOFF = timedelta(milliseconds=100)
FOREIGN_ORIGINS = "foreign-origins"
OTHER_HOSTS = "other-hosts"
LOCAL_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?"
LOCAL_HOSTS = ("localhost", "localhost:*", "127.0.0.1", "127.0.0.1:*", "[::1]", "[::1]:*")
# What browsers are told of every reply (OWASP secure headers).
_SECURITY_HEADERS = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "content-security-policy",
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'",
    ),
)
_WELL_FORMED = well_formed_path()
_LARGEST = 9_223_372_036_854_775_807
_PAGES = (
    ("/", "text/html; charset=utf-8", "gateway/pages/index.html"),
    ("/docs", "text/html; charset=utf-8", "gateway/pages/docs.html"),
    ("/docs/docs.js", "application/javascript; charset=utf-8", "gateway/pages/docs.js"),
    ("/docs/swagger-ui.css", "text/css; charset=utf-8", "swagger-ui/swagger-ui.css"),
    (
        "/docs/swagger-ui-bundle.js",
        "application/javascript; charset=utf-8",
        "swagger-ui/swagger-ui-bundle.js",
    ),
    ("/openapi.json", "application/json", "gateway/openapi.json"),
)


def route_configuration(contracts: Contracts) -> RouteConfiguration:
    """All routes in the order they are tried, and the headers that carry the caller's identity inwards."""
    host = VirtualHost(
        name="mootion",
        domains=list(LOCAL_HOSTS),
        routes=list(_routes(contracts)),
        typed_per_filter_config={"envoy.filters.http.cors": Any.pack(_cors())},
    )
    other = VirtualHost(
        name=OTHER_HOSTS, domains=["*"], routes=[_refuse("other hosts", RouteMatch(prefix="/"), 403)]
    )
    return RouteConfiguration(
        name="edge",
        virtual_hosts=[host, other],
        max_direct_response_body_size_bytes=8_388_608,
        response_headers_to_add=[*(_header(name, value) for name, value in _SECURITY_HEADERS), _no_store()],
        request_headers_to_add=[
            _header("mootion-address", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
            _header("mootion-request-id", "%REQ(X-REQUEST-ID)%"),
        ],
    )


def _no_store() -> HeaderValueOption:
    """Nobody on the way keeps a reply that does not say itself who may."""
    return HeaderValueOption(
        header=HeaderValue(key="cache-control", value="no-store"),
        append_action=HeaderValueOptionHeaderAppendAction.ADD_IF_ABSENT,
    )


def _routes(contracts: Contracts) -> Iterator[Route]:
    yield _foreign_origins()
    yield _refuse("tunnels", RouteMatch(connect_matcher=RouteMatchConnectMatcher()), 403)
    yield _malformed()
    yield from _compressed()
    yield _preflight(contracts)
    for path, content_type, file in _PAGES:
        yield _page(path, content_type, file)
    yield _refuse("pages", RouteMatch(safe_regex=RegexMatcher(regex=_page_paths())), 405, allow="GET, HEAD")
    for method in contracts.edge_methods:
        yield _rpc(method)
    yield from _rest(contracts)
    yield _refuse("unknown", RouteMatch(prefix="/"), 404)


def _foreign_origins() -> Route:
    """A page of another site may not use the reader's local access; holds where no token is asked for."""
    origin = HeaderMatcher(name="origin", string_match=_regex(LOCAL_ORIGIN), invert_match=True)
    present = HeaderMatcher(name="origin", present_match=True)
    return _refuse(FOREIGN_ORIGINS, RouteMatch(prefix="/", headers=[present, origin]), 403)


def _malformed() -> Route:
    """A path or query that does not decode to UTF-8 cannot become a string field: refused before a message is made."""
    path = HeaderMatcher(name=":path", string_match=_regex(_WELL_FORMED), invert_match=True)
    return _refuse("malformed", RouteMatch(prefix="/", headers=[path]), 400)


def _compressed() -> Iterator[Route]:
    """A request of some kilobytes can unpack to a thousand times as much before anybody sees that it is too large."""
    for name in ("grpc-encoding", "content-encoding"):
        present = HeaderMatcher(name=name, present_match=True)
        packed = HeaderMatcher(name=name, string_match=StringMatcher(exact="identity"), invert_match=True)
        yield _refuse(f"compressed by {name}", RouteMatch(prefix="/", headers=[present, packed]), 415)


def _preflight(contracts: Contracts) -> Route:
    """The filter for CORS answers preflights itself, but only on a route that could forward them."""
    options = HeaderMatcher(name=":method", string_match=StringMatcher(exact="OPTIONS"))
    asks = HeaderMatcher(name="access-control-request-method", present_match=True)
    return Route(
        name="preflight",
        match=RouteMatch(prefix="/", headers=[options, asks]),
        route=RouteAction(cluster=contracts.domains[0]),
        typed_per_filter_config=_without_transcoder() | tokens.without_tokens(),
    )


def _page(path: str, content_type: str, file: str) -> Route:
    methods = HeaderMatcher(name=":method", string_match=_regex("GET|HEAD"))
    return Route(
        name=path,
        match=RouteMatch(path=path, headers=[methods]),
        direct_response=DirectResponseAction(status=200, body=DataSource(filename=file)),
        response_headers_to_add=[_header("content-type", content_type), _header("cache-control", "no-cache")],
        typed_per_filter_config=_without_transcoder() | tokens.without_tokens(),
    )


def _page_paths() -> str:
    return "|".join(
        [*(path.replace(".", r"\.") for path, _, _ in _PAGES), HEALTH_PATH.removesuffix(r"(\?.*)?")]
    )


def _rpc(method: Method) -> Route:
    """The door for gRPC and gRPC-web."""
    return Route(
        name=method.full_name,
        match=RouteMatch(path=method.rpc_path),
        route=_action(method.domain, method, BY_GRPC),
        typed_per_filter_config=_sizes(method) | tokens.for_method(method),
    )


def _rest(contracts: Contracts) -> Iterator[Route]:
    """For each path its methods, then a refusal of all others; the more specific of two paths first."""
    rules = [
        (PathTemplate.parse(rule.path), rule, method)
        for method in contracts.edge_methods
        for rule in method.http
    ]
    rules.sort(key=lambda entry: (entry[0].specificity, entry[1].verb))
    for regex, entries in groupby(rules, key=lambda entry: entry[0].regex):
        allowed = []
        for template, rule, method in entries:
            yield from _doors(template, rule, method)
            allowed += ["GET", "HEAD"] if _is_media(method) else [rule.verb]
        yield _refuse(f"{regex} otherwise", _at(template), 405, allow=", ".join(sorted(allowed)))


def _doors(template: PathTemplate, rule: HttpRule, method: Method) -> Iterator[Route]:
    if _is_media(method):
        yield _media(template, method)
        return
    verb = HeaderMatcher(name=":method", string_match=StringMatcher(exact=rule.verb))
    if method.takes_bytes:
        too_large = Int64Range(start=method.max_request_bytes + 1, end=_LARGEST)
        yield _refuse(
            f"{method.full_name} too large",
            _at(template, verb, HeaderMatcher(name="content-length", range_match=too_large)),
            413,
        )
    yield Route(
        name=f"{rule.verb} {rule.path}",
        match=_at(template, verb),
        route=_action(method.domain, method, BY_REST),
        response_headers_to_remove=["grpc-accept-encoding"],
        typed_per_filter_config=_sizes(method) | tokens.for_method(method),
    )


def _is_media(method: Method) -> bool:
    """A stream of bytes: served over HTTP by the media endpoint, because a transcoded reply is always 200."""
    return method.sends_bytes and method.descriptor.server_streaming


def _media(template: PathTemplate, method: Method) -> Route:
    return Route(
        name=f"{method.full_name} media",
        match=_at(template, HeaderMatcher(name=":method", string_match=_regex("GET|HEAD"))),
        route=_action(MEDIA, method, BY_REST),
        typed_per_filter_config=_without_transcoder(),
    )


def _at(template: PathTemplate, *headers: HeaderMatcher) -> RouteMatch:
    """Where a call has this path. Routes are tried one after the other, and headers before the path: what begins
    otherwise is told apart by that, before a regular expression is."""
    if template.is_plain:
        return RouteMatch(path=template.text, headers=list(headers))
    begins = HeaderMatcher(name=":path", string_match=StringMatcher(prefix=template.beginning))
    return RouteMatch(safe_regex=RegexMatcher(regex=template.regex), headers=[begins, *headers])


def _action(cluster: str, method: Method, door: str) -> RouteAction:
    """The deadline counts from the first byte of the request, so that a slow body does not evade it. A stream may be
    silent as long as it lasts."""
    deadline = timedelta(seconds=method.deadline_seconds + DEADLINE_MARGIN_SECONDS)
    return RouteAction(
        cluster=cluster,
        timeout=timedelta(0),
        idle_timeout=deadline,
        max_stream_duration=RouteActionMaxStreamDuration(
            max_stream_duration=deadline, grpc_timeout_header_max=deadline
        ),
        priority=RoutingPriority.HIGH if _streams(method) else RoutingPriority.DEFAULT,
        retry_policy=_retry(method),
        rate_limits=question(method, door),
    )


def _streams(method: Method) -> bool:
    """Streams are counted apart from calls with one reply; the service does the same."""
    return method.descriptor.server_streaming or method.descriptor.client_streaming


def _retry(method: Method) -> RetryPolicy | None:
    """Only what cannot have reached a service, and only where the contract lets a call be repeated, as it does with a
    watch: all other repeats are made in one place, by the mesh's clients."""
    if method.policy is not None and method.policy.HasField("retry"):
        retry = method.policy.retry
        return _retries(retry.max_attempts - 1, retry.initial_backoff.ToTimedelta())
    return _retries(2, WATCH_BACKOFF) if method.resumable else None


def _retries(count: int, first: timedelta) -> RetryPolicy:
    pauses = RetryPolicyRetryBackOff(base_interval=first, max_interval=10 * first)
    return RetryPolicy(retry_on=RETRY_ON, num_retries=count, retry_back_off=pauses)


def _sizes(method: Method) -> dict[str, Any]:
    """A stream is not buffered: its limit is the service's to hold. Other requests are read whole before they go on."""
    if method.descriptor.client_streaming:
        return _per_filter("buffer", BufferPerRoute(disabled=True))
    if method.max_request_bytes == DEFAULT_MAX_REQUEST_BYTES:
        return {}
    return _per_filter("buffer", BufferPerRoute(buffer=Buffer(max_request_bytes=method.max_request_bytes)))


def _refuse(name: str, match: RouteMatch, status: int, *, allow: str = "") -> Route:
    return Route(
        name=name,
        match=match,
        direct_response=DirectResponseAction(status=status),
        response_headers_to_add=[_header("allow", allow)] if allow else [],
        typed_per_filter_config=_without_transcoder()
        | tokens.without_tokens()
        | _per_filter("buffer", BufferPerRoute(disabled=True)),
    )


def _without_transcoder() -> dict[str, Any]:
    return _per_filter("grpc_json_transcoder", GrpcJsonTranscoder(proto_descriptor_bin=b""))


def _per_filter(name: str, message: betterproto2.Message) -> dict[str, Any]:
    return {f"envoy.filters.http.{name}": Any.pack(message)}


def _cors() -> CorsPolicy:
    return CorsPolicy(
        allow_origin_string_match=[_regex(LOCAL_ORIGIN)],
        allow_methods="GET, HEAD, POST, PUT, PATCH, DELETE",
        allow_headers="authorization, content-type, grpc-timeout, range, traceparent, x-api-key, x-grpc-web, "
        "x-user-agent",
        expose_headers="accept-ranges, content-range, grpc-message, grpc-status, grpc-status-details-bin, x-request-id",
        max_age="600",
        forward_not_matching_preflights=False,
    )


def _regex(pattern: str) -> StringMatcher:
    return StringMatcher(safe_regex=RegexMatcher(regex=pattern))


def _header(name: str, value: str) -> HeaderValueOption:
    return HeaderValueOption(
        header=HeaderValue(key=name, value=value),
        append_action=HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    )
