"""Where the edge sends calls: one health-checked cluster for each service, one for media, one for traces."""

from datetime import timedelta

from envoy_data_plane.envoy.config.cluster.v3 import (
    CircuitBreakers,
    CircuitBreakersThresholds,
    CircuitBreakersThresholdsRetryBudget,
    Cluster,
    ClusterCommonLbConfig,
    ClusterDiscoveryType,
    ClusterDnsLookupFamily,
    ClusterLbPolicy,
    OutlierDetection,
)
from envoy_data_plane.envoy.config.core.v3 import (
    Address,
    HealthCheck,
    HealthCheckGrpcHealthCheck,
    HealthCheckHttpHealthCheck,
    Http1ProtocolOptions,
    Http2ProtocolOptions,
    RoutingPriority,
    SocketAddress,
)
from envoy_data_plane.envoy.config.endpoint.v3 import (
    ClusterLoadAssignment,
    Endpoint,
    LbEndpoint,
    LocalityLbEndpoints,
)
from envoy_data_plane.envoy.extensions.upstreams.http.v3 import (
    HttpProtocolOptions,
    HttpProtocolOptionsExplicitHttpConfig,
)
from envoy_data_plane.envoy.type.v3 import Percent
from envoy_data_plane.google.protobuf import Any

from mesh.addresses import each_of, host_and_port
from mesh.config import Settings
from mesh.derive.contracts import Contracts
from mesh.derive.envoy.tokens import KEYS, edge_address
from mesh.http import HEALTH_PATH as MEDIA_HEALTH_PATH
from mesh.limit_question import LIMITER

MEDIA = "media"
TRACES = "traces"
STREAM_WINDOW_BYTES = 1_048_576
MAX_UPSTREAM_CONNECTIONS = 1024
_OTLP_GRPC_PORT = 4317
_ANY_PORT = 50053
_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def clusters(contracts: Contracts, settings: Settings) -> list[Cluster]:
    """Every cluster, services first. Embedded, all services share one address."""
    services = [_service(contracts, domain, settings) for domain in contracts.domains]
    return [*services, _media(settings), _keys(settings), _limiter(settings), _traces(settings)]


def backends(contracts: Contracts) -> list[str]:
    """Names of the clusters that must answer for the edge to be healthy."""
    return [*contracts.domains, MEDIA]


def _service(contracts: Contracts, domain: str, settings: Settings) -> Cluster:
    names = sorted(
        {(not method.at_edge, method.service) for method in contracts.methods if method.domain == domain}
    )
    check = _health_check(grpc_health_check=HealthCheckGrpcHealthCheck(service_name=names[0][1]))
    return _guarded(_cluster(domain, settings.address(domain), _http2()), check, settings)


def _media(settings: Settings) -> Cluster:
    address = settings.addresses.get(MEDIA) or f"{settings.bind_host}:{settings.media_port}"
    protocol = HttpProtocolOptionsExplicitHttpConfig(http_protocol_options=Http1ProtocolOptions())
    check = _health_check(http_health_check=HealthCheckHttpHealthCheck(path=MEDIA_HEALTH_PATH))
    return _guarded(_cluster(MEDIA, address, protocol), check, settings)


def _keys(settings: Settings) -> Cluster:
    """The edge itself, from which it reads the keys of tokens."""
    protocol = HttpProtocolOptionsExplicitHttpConfig(http_protocol_options=Http1ProtocolOptions())
    return _cluster(KEYS, edge_address(settings), protocol)


def _limiter(settings: Settings) -> Cluster:
    """The rate-limit service, which the process of the edge runs; its port is known at the start alone."""
    return _cluster(LIMITER, f"{settings.bind_host}:{_ANY_PORT}", _http2())


def _traces(settings: Settings) -> Cluster:
    return _cluster(TRACES, f"{settings.bind_host}:{_OTLP_GRPC_PORT}", _http2())


def _http2() -> HttpProtocolOptionsExplicitHttpConfig:
    return HttpProtocolOptionsExplicitHttpConfig(
        http2_protocol_options=Http2ProtocolOptions(initial_stream_window_size=STREAM_WINDOW_BYTES)
    )


def _health_check(
    *,
    grpc_health_check: HealthCheckGrpcHealthCheck | None = None,
    http_health_check: HealthCheckHttpHealthCheck | None = None,
) -> HealthCheck:
    """A replica that says NOT_SERVING gets no calls within half a second, which is less than the notice it gives; one
    that does not answer is found sick after three failures in a row. One success makes it well."""
    return HealthCheck(
        timeout=timedelta(seconds=2),
        interval=timedelta(milliseconds=500),
        no_traffic_interval=timedelta(milliseconds=500),
        no_traffic_healthy_interval=timedelta(milliseconds=500),
        unhealthy_interval=timedelta(milliseconds=250),
        unhealthy_threshold=3,
        healthy_threshold=1,
        grpc_health_check=grpc_health_check,
        http_health_check=http_health_check,
    )


def _cluster(name: str, address: str, protocol: HttpProtocolOptionsExplicitHttpConfig) -> Cluster:
    return Cluster(
        name=name,
        type=ClusterDiscoveryType.STRICT_DNS,
        dns_lookup_family=ClusterDnsLookupFamily.V4_PREFERRED,
        lb_policy=ClusterLbPolicy.LEAST_REQUEST,
        connect_timeout=timedelta(seconds=2),
        per_connection_buffer_limit_bytes=STREAM_WINDOW_BYTES,
        load_assignment=ClusterLoadAssignment(cluster_name=name, endpoints=[_endpoints(address)]),
        typed_extension_protocol_options={
            _PROTOCOL: Any.pack(HttpProtocolOptions(explicit_http_config=protocol))
        },
    )


def _guarded(cluster: Cluster, check: HealthCheck, settings: Settings) -> Cluster:
    cluster.health_checks = [check]
    # Envoy's own window would keep calls at a replica for up to a second after it said NOT_SERVING, and from one that
    # is well for as long, where another changed just before.
    cluster.common_lb_config = ClusterCommonLbConfig(update_merge_window=timedelta(0))
    cluster.outlier_detection = _outliers()
    cluster.circuit_breakers = CircuitBreakers(
        thresholds=[
            _breaker(RoutingPriority.DEFAULT, settings.max_calls),
            _breaker(RoutingPriority.HIGH, settings.max_streams),
        ]
    )
    return cluster


def _outliers() -> OutlierDetection:
    """A replica to which five calls in a row found no connection, or lost it, gets none for some seconds; never more
    than half of the replicas. What a replica itself answers does not count: an UNAVAILABLE of its own is mostly about
    a service behind it."""
    return OutlierDetection(
        split_external_local_origin_errors=True,
        consecutive_local_origin_failure=5,
        enforcing_consecutive_local_origin_failure=100,
        enforcing_local_origin_success_rate=0,
        enforcing_consecutive_5xx=0,
        enforcing_consecutive_gateway_failure=0,
        enforcing_success_rate=0,
        interval=timedelta(seconds=1),
        base_ejection_time=timedelta(seconds=5),
        max_ejection_time=timedelta(seconds=30),
        max_ejection_percent=50,
    )


def _breaker(priority: RoutingPriority, calls: int) -> CircuitBreakersThresholds:
    """What one replica takes at once; `gateway.placement` multiplies it by the number of replicas. Refused here, a call
    costs the service nothing, so that it keeps on doing what it can."""
    return CircuitBreakersThresholds(
        priority=priority,
        max_connections=MAX_UPSTREAM_CONNECTIONS,
        max_pending_requests=calls,
        max_requests=calls,
        retry_budget=CircuitBreakersThresholdsRetryBudget(
            budget_percent=Percent(value=20), min_retry_concurrency=10
        ),
    )


def _endpoints(addresses: str) -> LocalityLbEndpoints:
    return LocalityLbEndpoints(
        lb_endpoints=[
            LbEndpoint(endpoint=Endpoint(address=socket_address(address))) for address in each_of(addresses)
        ]
    )


def socket_address(address: str) -> Address:
    """The TCP address of `host:port`."""
    host, port = host_and_port(address)
    return Address(socket_address=SocketAddress(address=host, port_value=port))
