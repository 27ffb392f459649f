"""Serves a reply again while it is young, where the policy of the method allows it."""

import hashlib
from typing import Any

import structlog
from mootion.policy.v1 import policy_pb2

from mesh.interceptors.call import Call, Proceed
from mesh.keyed_lock import KeyedLock
from mesh.metrics import Metrics
from mesh.policy import Method
from mesh.ports.cache import Cache


class CacheInterceptor:
    """Keeps replies by method, request and, unless shared, principal. Equal calls at once run the handler once.

    A cache that fails costs time and nothing else: the handler runs.
    """

    def __init__(self, cache: Cache, metrics: Metrics) -> None:
        self._cache = cache
        self._metrics = metrics
        self._lock = KeyedLock()

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        if not method.policy.HasField("cache") or method.client_streaming or method.server_streaming:
            return proceed
        shared = method.policy.cache.scope == policy_pb2.CACHE_SCOPE_SHARED
        ttl_seconds = method.policy.cache.ttl.ToMicroseconds() / 1e6
        hits = self._metrics.cached_replies.labels(method.path, "hit")
        misses = self._metrics.cached_replies.labels(method.path, "miss")

        async def reuse(call: Call) -> bytes:
            key = _key(call, shared=shared)
            async with self._lock.holding(key):
                known = await self._get(key)
                if known is not None:
                    hits.inc()
                    return known
                misses.inc()
                reply = await proceed(call)
                await self._set(key, reply, ttl_seconds)
                return reply

        return reuse

    async def _get(self, key: str) -> bytes | None:
        try:
            return await self._cache.get(key)
        except OSError as error:
            structlog.get_logger().warning("cache does not answer", exc_info=error)
            return None

    async def _set(self, key: str, reply: bytes, ttl_seconds: float) -> None:
        try:
            await self._cache.set(key, reply, ttl_seconds)
        except OSError as error:
            structlog.get_logger().warning("cache does not answer", exc_info=error)


def _key(call: Call, *, shared: bool) -> str:
    request: Any = call.request
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()
    owner = "" if shared or call.principal is None else call.principal.id
    return f"reply:{call.method.path}:{owner}:{digest}"
