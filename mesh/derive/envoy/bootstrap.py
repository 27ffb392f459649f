"""The whole configuration: one listener outside, the admin page on loopback, and the clusters."""

from datetime import timedelta

from envoy_data_plane.envoy.config.accesslog.v3 import AccessLog, AccessLogFilter, NotHealthCheckFilter
from envoy_data_plane.envoy.config.bootstrap.v3 import (
    Admin,
    Bootstrap,
    BootstrapStaticResources,
    LayeredRuntime,
    RuntimeLayer,
)
from envoy_data_plane.envoy.config.common.mutation_rules.v3 import (
    HeaderMutation,
    HeaderMutationRemoveOnMatch,
)
from envoy_data_plane.envoy.config.core.v3 import (
    GrpcService,
    GrpcServiceEnvoyGrpc,
    Http2ProtocolOptions,
    HttpProtocolOptions,
    HttpProtocolOptionsHeadersWithUnderscoresAction,
    SubstitutionFormatString,
    TypedExtensionConfig,
)
from envoy_data_plane.envoy.config.listener.v3 import Filter, FilterChain, Listener
from envoy_data_plane.envoy.config.overload.v3 import (
    OverloadAction,
    OverloadManager,
    ResourceMonitor,
    ThresholdTrigger,
    Trigger,
)
from envoy_data_plane.envoy.config.trace.v3 import OpenTelemetryConfig, TracingHttp
from envoy_data_plane.envoy.extensions.access_loggers.stream.v3 import StdoutAccessLog
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    HttpConnectionManager,
    HttpConnectionManagerPathWithEscapedSlashesAction,
    HttpConnectionManagerTracing,
)
from envoy_data_plane.envoy.extensions.formatter.req_without_query.v3 import ReqWithoutQuery
from envoy_data_plane.envoy.extensions.http.early_header_mutation.header_mutation.v3 import (
    HeaderMutation as EarlyHeaderMutation,
)
from envoy_data_plane.envoy.extensions.resource_monitors.downstream_connections.v3 import (
    DownstreamConnectionsConfig,
)
from envoy_data_plane.envoy.extensions.resource_monitors.fixed_heap.v3 import FixedHeapConfig
from envoy_data_plane.envoy.type.matcher.v3 import StringMatcher
from envoy_data_plane.envoy.type.v3 import Percent
from envoy_data_plane.google.protobuf import Any, Struct

from mesh.config import Settings
from mesh.derive.contracts import Contracts
from mesh.derive.envoy.clusters import STREAM_WINDOW_BYTES, TRACES, clusters, socket_address
from mesh.derive.envoy.extension import extension
from mesh.derive.envoy.filters import http_filters
from mesh.derive.envoy.replies import ORIGINAL_PATH, local_replies
from mesh.derive.envoy.routes import route_configuration

MAX_CONNECTIONS = 10_000
MAX_STREAMS_A_CONNECTION = 100
CONNECTION_WINDOW_BYTES = 16 * STREAM_WINDOW_BYTES
MAX_HEADER_KIB = 32
MAX_HEADERS = 100
# Shares of the heap at which unused memory is given back, and at which calls are refused.
_SHRINK, _REFUSE = 0.90, 0.95
_HEAP = "envoy.resource_monitors.fixed_heap"
_CONNECTIONS = "envoy.resource_monitors.global_downstream_max_connections"
_OWN_HEADERS = ("x-request-id", ORIGINAL_PATH, "x-envoy-original-method")
_CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"
_ACCESS_LOG = {
    "time": "%START_TIME%",
    "method": "%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)%",
    "path": "%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS%",
    "detail": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "milliseconds": "%DURATION%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "traceparent": "%REQ(TRACEPARENT)%",
    "cluster": "%UPSTREAM_CLUSTER%",
}


def bootstrap(contracts: Contracts) -> Bootstrap:
    """Envoy's configuration for the settings that hold where the environment says nothing."""
    settings = Settings()
    admin = f"127.0.0.1:{settings.edge_admin_port}"
    return Bootstrap(
        layered_runtime=LayeredRuntime(layers=[_longer_patterns()]),
        overload_manager=_overload(settings),
        admin=Admin(address=socket_address(admin)),
        static_resources=BootstrapStaticResources(
            listeners=[_listener(contracts, settings)], clusters=clusters(contracts, settings)
        ),
    )


def _longer_patterns() -> RuntimeLayer:
    """Envoy takes regular expressions of 100 instructions where nothing is said; that for UTF-8 has a few more."""
    limit = {"re2": {"max_program_size": {"error_level": 200}}}
    return RuntimeLayer(name="contracts", static_layer=Struct.from_dict(limit))


def _overload(settings: Settings) -> OverloadManager:
    """More connections than this are refused before they cost memory; before memory ends, calls are."""
    connections = DownstreamConnectionsConfig(max_active_downstream_connections=MAX_CONNECTIONS)
    heap = FixedHeapConfig(max_heap_size_bytes=settings.edge_heap_mib * 1_048_576)
    return OverloadManager(
        refresh_interval=timedelta(milliseconds=250),
        resource_monitors=[
            ResourceMonitor(name=_CONNECTIONS, typed_config=Any.pack(connections)),
            ResourceMonitor(name=_HEAP, typed_config=Any.pack(heap)),
        ],
        actions=[
            _when_heap_is(_SHRINK, "envoy.overload_actions.shrink_heap"),
            _when_heap_is(_REFUSE, "envoy.overload_actions.stop_accepting_requests"),
        ],
    )


def _when_heap_is(share: float, action: str) -> OverloadAction:
    return OverloadAction(
        name=action, triggers=[Trigger(name=_HEAP, threshold=ThresholdTrigger(value=share))]
    )


def _listener(contracts: Contracts, settings: Settings) -> Listener:
    """Without port reuse a second edge on the same port fails at its start instead of sharing the calls."""
    manager = Filter(
        name=_CONNECTION_MANAGER, typed_config=Any.pack(_connection_manager(contracts, settings))
    )
    return Listener(
        name="edge",
        address=socket_address(f"{settings.bind_host}:{settings.edge_port}"),
        enable_reuse_port=False,
        per_connection_buffer_limit_bytes=STREAM_WINDOW_BYTES,
        filter_chains=[FilterChain(filters=[manager])],
    )


def _connection_manager(contracts: Contracts, settings: Settings) -> HttpConnectionManager:
    return HttpConnectionManager(
        stat_prefix="edge",
        server_name="mootion",
        use_remote_address=True,
        xff_num_trusted_hops=settings.trusted_proxies,
        generate_request_id=True,
        always_set_request_id_in_response=True,
        normalize_path=True,
        path_with_escaped_slashes_action=HttpConnectionManagerPathWithEscapedSlashesAction.REJECT_REQUEST,
        max_request_headers_kb=MAX_HEADER_KIB,
        early_header_mutation_extensions=[_strip_identity()],
        common_http_protocol_options=HttpProtocolOptions(
            idle_timeout=timedelta(hours=1),
            max_headers_count=MAX_HEADERS,
            headers_with_underscores_action=HttpProtocolOptionsHeadersWithUnderscoresAction.REJECT_REQUEST,
        ),
        http2_protocol_options=Http2ProtocolOptions(
            max_concurrent_streams=MAX_STREAMS_A_CONNECTION,
            initial_stream_window_size=STREAM_WINDOW_BYTES,
            initial_connection_window_size=CONNECTION_WINDOW_BYTES,
        ),
        request_headers_timeout=timedelta(seconds=10),
        stream_idle_timeout=timedelta(seconds=60),
        route_config=route_configuration(contracts),
        http_filters=http_filters(contracts),
        local_reply_config=local_replies(contracts),
        access_log=[_access_log()],
        tracing=_tracing(),
    )


def _strip_identity() -> TypedExtensionConfig:
    """What says inside the mesh who calls is never taken from outside; nor is the id that finds a call in the logs,
    nor the mark of a transcoded call."""
    ours = HeaderMutation(
        remove_on_match=HeaderMutationRemoveOnMatch(key_matcher=StringMatcher(prefix="mootion-"))
    )
    return extension(
        "envoy.http.early_header_mutation.header_mutation",
        EarlyHeaderMutation(mutations=[ours, *(HeaderMutation(remove=name) for name in _OWN_HEADERS)]),
    )


def _access_log() -> AccessLog:
    """One JSON line a call, probes left out, without the query: it may hold what a person searched for."""
    log = StdoutAccessLog(
        log_format=SubstitutionFormatString(
            json_format=Struct.from_dict(_ACCESS_LOG),
            formatters=[extension("envoy.formatter.req_without_query", ReqWithoutQuery())],
        )
    )
    return AccessLog(
        name="envoy.access_loggers.stdout",
        filter=AccessLogFilter(not_health_check_filter=NotHealthCheckFilter()),
        typed_config=Any.pack(log),
    )


def _tracing() -> HttpConnectionManagerTracing:
    """Taken out at the start where no collector is set. Spans have no path: with its query it may hold what a person
    searched for, or a secret that somebody put there."""
    collector = OpenTelemetryConfig(
        grpc_service=GrpcService(envoy_grpc=GrpcServiceEnvoyGrpc(cluster_name=TRACES)), service_name="edge"
    )
    return HttpConnectionManagerTracing(
        provider=TracingHttp(name="envoy.tracers.opentelemetry", typed_config=Any.pack(collector)),
        random_sampling=Percent(value=100),
        max_path_tag_length=0,
    )
