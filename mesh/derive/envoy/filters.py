"""The HTTP filters of the edge in the order a request meets them, with the reason for each position."""

from envoy_data_plane.envoy.config.core.v3 import RuntimeFeatureFlag
from envoy_data_plane.envoy.config.route.v3 import HeaderMatcher
from envoy_data_plane.envoy.extensions.compression.gzip.compressor.v3 import (
    Gzip,
    GzipCompressionLevel,
)
from envoy_data_plane.envoy.extensions.filters.http.buffer.v3 import Buffer
from envoy_data_plane.envoy.extensions.filters.http.compressor.v3 import (
    Compressor,
    CompressorCommonDirectionConfig,
    CompressorResponseDirectionConfig,
)
from envoy_data_plane.envoy.extensions.filters.http.cors.v3 import Cors
from envoy_data_plane.envoy.extensions.filters.http.grpc_json_transcoder.v3 import (
    GrpcJsonTranscoder,
    GrpcJsonTranscoderPrintOptions,
    GrpcJsonTranscoderRequestValidationOptions,
)
from envoy_data_plane.envoy.extensions.filters.http.grpc_web.v3 import GrpcWeb
from envoy_data_plane.envoy.extensions.filters.http.health_check.v3 import HealthCheck
from envoy_data_plane.envoy.extensions.filters.http.router.v3 import Router
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import HttpFilter
from envoy_data_plane.envoy.type.matcher.v3 import RegexMatcher, StringMatcher
from envoy_data_plane.envoy.type.v3 import Percent

from mesh.config import CALLS_AN_ADDRESS
from mesh.derive.contracts import Contracts
from mesh.derive.envoy.clusters import backends
from mesh.derive.envoy.extension import extension, http_filter
from mesh.derive.envoy.limits import address_filter, contract_filter
from mesh.derive.envoy.replies import HEALTH_PATH
from mesh.derive.envoy.tokens import token_filter
from mesh.policy import DEFAULT_MAX_REQUEST_BYTES

DESCRIPTOR_SET = "gateway/mootion.binpb"
MAX_JSON_REPLY_BYTES = 67_108_864


def http_filters(contracts: Contracts) -> list[HttpFilter]:
    """The chain. Requests meet it from first to last, replies from last to first."""
    return [
        # First: answers preflights of browsers, and marks every reply, errors too, as readable for them.
        http_filter("cors", Cors()),
        # Before anything that reads a body: answers probes without a backend's help.
        http_filter("health_check", _health(contracts)),
        # Before anything that costs: who calls too often goes no further, whatever is called. Probes are not counted.
        http_filter("local_ratelimit", address_filter(CALLS_AN_ADDRESS)),
        # A token that is not good goes no further.
        http_filter("jwt_authn", token_filter()),
        # After the token, which says whom to count, and before the body is read.
        http_filter("ratelimit", contract_filter()),
        # Outside of the transcoder, so that it sees the JSON and not the messages.
        http_filter("compressor", _compressor()),
        # Before the transcoder: turns gRPC-web into gRPC, which the transcoder passes on untouched.
        http_filter("grpc_web", GrpcWeb()),
        # The transcoder's own limit does not hold for every body; this one does.
        http_filter("buffer", Buffer(max_request_bytes=DEFAULT_MAX_REQUEST_BYTES)),
        http_filter("grpc_json_transcoder", transcoder(contracts)),
        http_filter("router", Router(suppress_envoy_headers=True)),
    ]


def transcoder(contracts: Contracts) -> GrpcJsonTranscoder:
    """JSON in lowerCamelCase with every field printed; server streams as `text/event-stream`."""
    return GrpcJsonTranscoder(
        proto_descriptor=DESCRIPTOR_SET,
        services=sorted({method.service for method in contracts.edge_methods if method.http}),
        print_options=GrpcJsonTranscoderPrintOptions(
            always_print_primitive_fields=True, stream_sse_style_delimited=True
        ),
        convert_grpc_status=True,
        match_incoming_request_route=True,
        query_param_unescape_plus=True,
        case_insensitive_enum_parsing=True,
        request_validation_options=GrpcJsonTranscoderRequestValidationOptions(
            reject_unknown_method=True,
            reject_unknown_query_parameters=True,
            reject_binding_body_field_collisions=True,
        ),
        max_request_body_size=max(_json_limits(contracts)),
        max_response_body_size=MAX_JSON_REPLY_BYTES,
    )


def _json_limits(contracts: Contracts) -> list[int]:
    limits = [method.max_request_bytes for method in contracts.edge_methods if not method.takes_bytes]
    return [DEFAULT_MAX_REQUEST_BYTES, *limits]


def _health(contracts: Contracts) -> HealthCheck:
    """Answers 200 while every backend has a healthy instance."""
    path = HeaderMatcher(name=":path", string_match=StringMatcher(safe_regex=RegexMatcher(regex=HEALTH_PATH)))
    get = HeaderMatcher(name=":method", string_match=StringMatcher(exact="GET"))
    return HealthCheck(
        pass_through_mode=False,
        headers=[path, get],
        cluster_min_healthy_percentages={name: Percent(value=1) for name in backends(contracts)},
    )


def _compressor() -> Compressor:
    """JSON, pages and pictures in SVG of more than a packet, which is what the filter takes where no types are named.
    Video and event streams are left alone."""
    return Compressor(
        compressor_library=extension(
            "gzip", Gzip(compression_level=GzipCompressionLevel.COMPRESSION_LEVEL_4)
        ),
        response_direction_config=CompressorResponseDirectionConfig(
            common_config=CompressorCommonDirectionConfig(
                enabled=RuntimeFeatureFlag(default_value=True, runtime_key="edge.compress"),
                min_content_length=1024,
            )
        ),
    )
