"""What the edge asks of tokens: one that is there must be good. Whether one must be there, the service decides, which
verifies it again and knows of keys, revocations and the local account."""

from datetime import timedelta

from envoy_data_plane.envoy.config.core.v3 import HttpUri
from envoy_data_plane.envoy.config.route.v3 import RouteMatch
from envoy_data_plane.envoy.extensions.filters.http.jwt_authn.v3 import (
    JwksAsyncFetch,
    JwtAuthentication,
    JwtCacheConfig,
    JwtHeader,
    JwtProvider,
    JwtRequirement,
    JwtRequirementOrList,
    PerRouteConfig,
    RemoteJwks,
    RequirementRule,
)
from envoy_data_plane.google.protobuf import Any, Empty
from mootion.policy.v1 import policy_pb2

from mesh.access_token import AUDIENCE, ISSUER, LEEWAY_SECONDS, MOST_BYTES, REMEMBERED
from mesh.callers import COOKIE
from mesh.config import Settings
from mesh.derive.contracts import Method

KEYS = "keys"
KEY_SET_PATH = "/.well-known/jwks.json"
_FILTER = "envoy.filters.http.jwt_authn"
_PROVIDER = "mootion"
# Where other filters find what a good token says.
METADATA, CLAIMS = _FILTER, "claims"


def token_filter() -> JwtAuthentication:
    """Refuses tokens that are not ours, forged or ended, before they cost a service anything."""
    good_or_none = JwtRequirement(
        requires_any=JwtRequirementOrList(
            requirements=[JwtRequirement(provider_name=_PROVIDER), JwtRequirement(allow_missing=Empty())]
        )
    )
    return JwtAuthentication(
        providers={_PROVIDER: _provider()},
        rules=[RequirementRule(match=RouteMatch(prefix="/"), requires=good_or_none)],
        bypass_cors_preflight=True,
    )


def without_tokens() -> dict[str, Any]:
    """For routes that look at none."""
    return {_FILTER: Any.pack(PerRouteConfig(disabled=True))}


def for_method(method: Method) -> dict[str, Any]:
    """A method for everybody looks at no token: whoever signs in may still hold one that has ended."""
    policy = method.policy
    if policy is not None and policy.least_role == policy_pb2.ACCESS_ROLE_PUBLIC:
        return without_tokens()
    return {}


def _provider() -> JwtProvider:
    """The key set comes through the edge's own door, so that no second way to it is needed. It is read ahead, and
    kept while the identity service does not answer."""
    return JwtProvider(
        issuer=ISSUER,
        audiences=[AUDIENCE],
        require_expiration=True,
        forward=True,
        from_headers=[JwtHeader(name="authorization", value_prefix="Bearer ")],
        from_cookies=[COOKIE],
        payload_in_metadata=CLAIMS,
        clock_skew_seconds=LEEWAY_SECONDS,
        jwt_cache_config=JwtCacheConfig(jwt_cache_size=REMEMBERED, jwt_max_token_size=MOST_BYTES),
        remote_jwks=RemoteJwks(
            http_uri=HttpUri(
                uri=f"http://localhost{KEY_SET_PATH}", cluster=KEYS, timeout=timedelta(seconds=2)
            ),
            cache_duration=timedelta(seconds=60),
            async_fetch=JwksAsyncFetch(fast_listener=True, failed_refetch_duration=timedelta(seconds=1)),
        ),
    )


def edge_address(settings: Settings) -> str:
    """Where the edge reaches itself."""
    host = settings.bind_host if settings.is_loopback else "127.0.0.1"
    return f"{host}:{settings.edge_port}"
