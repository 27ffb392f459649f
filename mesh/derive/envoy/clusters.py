"""Where the edge sends calls: one health-checked cluster for each service, one for media, one for traces."""

from datetime import timedelta

from envoy_data_plane.envoy.config.cluster.v3 import (
    CircuitBreakers,
    CircuitBreakersThresholds,
    Cluster,
    ClusterDiscoveryType,
    ClusterDnsLookupFamily,
)
from envoy_data_plane.envoy.config.core.v3 import (
    Address,
    HealthCheck,
    HealthCheckGrpcHealthCheck,
    HealthCheckTcpHealthCheck,
    Http1ProtocolOptions,
    Http2ProtocolOptions,
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
from envoy_data_plane.google.protobuf import Any

from mesh.config import Settings
from mesh.derive.contracts import Contracts

MEDIA = "media"
TRACES = "traces"
STREAM_WINDOW_BYTES = 1_048_576
_OTLP_GRPC_PORT = 4317
_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def clusters(contracts: Contracts, settings: Settings) -> list[Cluster]:
    """Every cluster, services first. Embedded, all services share one address."""
    services = [_service(contracts, domain, settings) for domain in contracts.domains]
    return [*services, _media(settings), _traces(settings)]


def backends(contracts: Contracts) -> list[str]:
    """Names of the clusters that must answer for the edge to be healthy."""
    return [*contracts.domains, MEDIA]


def _service(contracts: Contracts, domain: str, settings: Settings) -> Cluster:
    names = sorted(
        {(not method.at_edge, method.service) for method in contracts.methods if method.domain == domain}
    )
    check = _health_check(grpc_health_check=HealthCheckGrpcHealthCheck(service_name=names[0][1]))
    return _cluster(domain, settings.address(domain), _http2(), check)


def _media(settings: Settings) -> Cluster:
    address = settings.addresses.get(MEDIA) or f"{settings.bind_host}:{settings.media_port}"
    protocol = HttpProtocolOptionsExplicitHttpConfig(http_protocol_options=Http1ProtocolOptions())
    return _cluster(MEDIA, address, protocol, _health_check(tcp_health_check=HealthCheckTcpHealthCheck()))


def _traces(settings: Settings) -> Cluster:
    return _cluster(TRACES, f"{settings.bind_host}:{_OTLP_GRPC_PORT}", _http2(), None)


def _http2() -> HttpProtocolOptionsExplicitHttpConfig:
    return HttpProtocolOptionsExplicitHttpConfig(
        http2_protocol_options=Http2ProtocolOptions(initial_stream_window_size=STREAM_WINDOW_BYTES)
    )


def _health_check(
    *,
    grpc_health_check: HealthCheckGrpcHealthCheck | None = None,
    tcp_health_check: HealthCheckTcpHealthCheck | None = None,
) -> HealthCheck:
    """Found sick after three failures in a row, found well after one success, so that a start is seen at once."""
    return HealthCheck(
        timeout=timedelta(seconds=2),
        interval=timedelta(seconds=2),
        no_traffic_interval=timedelta(seconds=2),
        no_traffic_healthy_interval=timedelta(seconds=5),
        unhealthy_interval=timedelta(milliseconds=250),
        unhealthy_threshold=3,
        healthy_threshold=1,
        grpc_health_check=grpc_health_check,
        tcp_health_check=tcp_health_check,
    )


def _cluster(
    name: str, address: str, protocol: HttpProtocolOptionsExplicitHttpConfig, check: HealthCheck | None
) -> Cluster:
    return Cluster(
        name=name,
        type=ClusterDiscoveryType.STRICT_DNS,
        dns_lookup_family=ClusterDnsLookupFamily.V4_PREFERRED,
        connect_timeout=timedelta(seconds=2),
        per_connection_buffer_limit_bytes=STREAM_WINDOW_BYTES,
        load_assignment=ClusterLoadAssignment(cluster_name=name, endpoints=[_endpoint(address)]),
        health_checks=[check] if check else [],
        circuit_breakers=CircuitBreakers(
            thresholds=[
                CircuitBreakersThresholds(max_connections=1024, max_pending_requests=1024, max_requests=4096)
            ]
        ),
        typed_extension_protocol_options={
            _PROTOCOL: Any.pack(HttpProtocolOptions(explicit_http_config=protocol))
        },
    )


def _endpoint(address: str) -> LocalityLbEndpoints:
    endpoint = Endpoint(address=socket_address(address))
    return LocalityLbEndpoints(lb_endpoints=[LbEndpoint(endpoint=endpoint)])


def socket_address(address: str) -> Address:
    """The TCP address of `host:port`."""
    host, _, port = address.rpartition(":")
    return Address(socket_address=SocketAddress(address=host.strip("[]"), port_value=int(port)))
