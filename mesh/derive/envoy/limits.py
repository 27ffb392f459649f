"""Limits at the edge: one bucket an address that Envoy keeps itself, and the contract's limits, for which it asks the
rate-limit service; only calls of methods that have some make that hop."""

import math
from datetime import timedelta

from envoy_data_plane.envoy.config.core.v3 import (
    ApiVersion,
    GrpcService,
    GrpcServiceEnvoyGrpc,
    HeaderValue,
    HeaderValueOption,
    HeaderValueOptionHeaderAppendAction,
    RuntimeFractionalPercent,
)
from envoy_data_plane.envoy.config.ratelimit.v3 import RateLimitServiceConfig
from envoy_data_plane.envoy.config.route.v3 import (
    RateLimit,
    RateLimitAction,
    RateLimitActionGenericKey,
    RateLimitActionMaskedRemoteAddress,
    RateLimitActionMetaData,
    RateLimitActionRemoteAddress,
    RateLimitActionRequestHeaders,
)
from envoy_data_plane.envoy.extensions.common.ratelimit.v3 import (
    LocalRateLimitDescriptor,
    RateLimitDescriptorEntry,
)
from envoy_data_plane.envoy.extensions.filters.http.local_ratelimit.v3 import LocalRateLimit
from envoy_data_plane.envoy.extensions.filters.http.ratelimit.v3 import RateLimit as RateLimitFilter
from envoy_data_plane.envoy.type.metadata.v3 import MetadataKey, MetadataKeyPathSegment
from envoy_data_plane.envoy.type.v3 import FractionalPercent, FractionalPercentDenominatorType, TokenBucket
from mootion.policy.v1 import policy_pb2

from mesh.derive.contracts import Method
from mesh.derive.envoy.tokens import CLAIMS, METADATA
from mesh.limit_question import DOOR, LIMITER, METHOD, PRINCIPAL, REQUEST_ID

ANSWER_SECONDS = 0.25
MINUTE_SECONDS = 60
# Addresses whose buckets are kept, those asked for last; a forgotten one begins with a full bucket.
MOST_ADDRESSES = 100_000
_NETWORK = "masked_remote_address"
_NO_LIMIT = 4_294_967_295


def address_filter(calls_a_minute: int) -> LocalRateLimit:
    """Admits an address so many calls at once, and as many again over each minute. An IPv6 address is counted with
    its /64, which is what one customer of a provider has."""
    action = RateLimitAction(
        masked_remote_address=RateLimitActionMaskedRemoteAddress(v4_prefix_mask_len=32, v6_prefix_mask_len=64)
    )
    return LocalRateLimit(
        stat_prefix="addresses",
        token_bucket=_bucket(_NO_LIMIT),
        always_consume_default_token_bucket=False,
        filter_enabled=_always("edge.addresses.enabled"),
        filter_enforced=_always("edge.addresses.enforced"),
        descriptors=[
            LocalRateLimitDescriptor(
                entries=[RateLimitDescriptorEntry(key=_NETWORK)], token_bucket=_bucket(calls_a_minute)
            )
        ],
        max_dynamic_descriptors=MOST_ADDRESSES,
        rate_limits=[RateLimit(actions=[action])],
        rate_limited_as_resource_exhausted=True,
        response_headers_to_add=[_header(name, value) for name, value in _told(calls_a_minute).items()],
    )


def _told(calls_a_minute: int) -> dict[str, str]:
    """When the next call fits in, in whole seconds."""
    wait = str(math.ceil(MINUTE_SECONDS / calls_a_minute))
    return {
        "retry-after": wait,
        "ratelimit-limit": str(calls_a_minute),
        "ratelimit-remaining": "0",
        "ratelimit-reset": wait,
    }


def contract_filter() -> RateLimitFilter:
    """Asks the rate-limit service. Where it does not answer in time the call goes on, and the service counts."""
    return RateLimitFilter(
        domain="mootion",
        timeout=timedelta(seconds=ANSWER_SECONDS),
        failure_mode_deny=False,
        rate_limited_as_resource_exhausted=True,
        disable_x_envoy_ratelimited_header=True,
        rate_limit_service=RateLimitServiceConfig(
            grpc_service=GrpcService(envoy_grpc=GrpcServiceEnvoyGrpc(cluster_name=LIMITER)),
            transport_api_version=ApiVersion.V3,
        ),
    )


def question(method: Method, door: str) -> list[RateLimit]:
    """What the rate-limit service is asked about a call; nothing for a method without limits in its contract. One that
    counts principals alone is not asked about where the edge has read no token: the service knows who it is then."""
    if method.policy is None or not method.policy.limits:
        return []
    by_address = any(limit.scope == policy_pb2.LIMIT_SCOPE_ADDRESS for limit in method.policy.limits)
    by_principal = any(limit.scope == policy_pb2.LIMIT_SCOPE_PRINCIPAL for limit in method.policy.limits)
    actions = [
        _fixed(METHOD, method.rpc_path),
        _fixed(DOOR, door),
        RateLimitAction(remote_address=RateLimitActionRemoteAddress()),
        RateLimitAction(
            request_headers=RateLimitActionRequestHeaders(
                header_name="x-request-id", descriptor_key=REQUEST_ID, skip_if_absent=True
            )
        ),
    ]
    if by_principal:
        actions.append(_principal(or_without=by_address))
    return [RateLimit(actions=actions)]


def _principal(*, or_without: bool) -> RateLimitAction:
    path = [MetadataKeyPathSegment(key=CLAIMS), MetadataKeyPathSegment(key="sub")]
    return RateLimitAction(
        metadata=RateLimitActionMetaData(
            descriptor_key=PRINCIPAL,
            metadata_key=MetadataKey(key=METADATA, path=path),
            skip_if_absent=or_without,
        )
    )


def _fixed(key: str, value: str) -> RateLimitAction:
    return RateLimitAction(generic_key=RateLimitActionGenericKey(descriptor_key=key, descriptor_value=value))


def _bucket(calls_a_minute: int) -> TokenBucket:
    return TokenBucket(
        max_tokens=calls_a_minute,
        tokens_per_fill=calls_a_minute,
        fill_interval=timedelta(seconds=MINUTE_SECONDS),
    )


def _always(runtime_key: str) -> RuntimeFractionalPercent:
    """Without this the filter counts nothing, or refuses nothing."""
    all_calls = FractionalPercent(numerator=100, denominator=FractionalPercentDenominatorType.HUNDRED)
    return RuntimeFractionalPercent(default_value=all_calls, runtime_key=runtime_key)


def _header(name: str, value: str) -> HeaderValueOption:
    return HeaderValueOption(
        header=HeaderValue(key=name, value=value),
        append_action=HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    )
