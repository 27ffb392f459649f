"""The limiter as Envoy asks it: `envoy.service.ratelimit.v3.RateLimitService` on loopback."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import grpc

from gateway import rate_limit_messages
from gateway.limiter import Asked, Decision, Limiter
from mesh import status
from mesh.errors import CallError
from mesh.limit_question import ADDRESS, BY_GRPC, DOOR, METHOD, PRINCIPAL, REQUEST_ID

SERVICE = "envoy.service.ratelimit.v3.RateLimitService"
_STOP_SECONDS = 1.0


@asynccontextmanager
async def rate_limit_service(limiter: Limiter) -> AsyncIterator[str]:
    """Answers while the block lasts, at a loopback port that was free; gives `host:port`."""
    answering = Answering(limiter)
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
        answering.should_rate_limit
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"ShouldRateLimit": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(_STOP_SECONDS)


class Answering:
    """Translates between Envoy's messages and the limiter."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    async def should_rate_limit(self, request: bytes, context: object) -> bytes:
        """One question of Envoy's: the derived routes send one descriptor a call."""
        said = rate_limit_messages.said(request)
        asked = Asked(said.get(METHOD, ""), said.get(ADDRESS, ""), said.get(PRINCIPAL, ""))
        return _response(await self._limiter.decide(asked), said)


def _response(decision: Decision, said: Mapping[str, str]) -> bytes:
    if decision.refusal is None:
        return rate_limit_messages.admitted(decision.headers_inward.items())
    told = dict(decision.refusal.headers)
    if said.get(DOOR) == BY_GRPC:
        told |= _for_grpc(decision.refusal, said.get(REQUEST_ID, ""))
    return rate_limit_messages.refused(told.items())


def _for_grpc(refusal: CallError, request_id: str) -> dict[str, str]:
    """What a gRPC caller reads of a refusal; a REST caller gets the same as JSON, which Envoy writes."""
    details = status.encode(refusal, request_id).SerializeToString()
    return {
        "grpc-message": refusal.message,
        status.DETAILS_KEY: base64.b64encode(details).decode().rstrip("="),
    }
