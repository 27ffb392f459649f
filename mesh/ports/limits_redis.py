"""Limits counted on Redis, by the moving window of the library `limits`."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import Redis

from mesh.ports.circuit import Circuit, NoAnswer
from mesh.ports.limits import Taken, whole_window
from mesh.ports.limits_memory import MemoryLimits
from mesh.ports.redis_client import REDIS_FAILURES

PREFIX = "mootion:limits"
MOST_SECONDS = 2.0
REFUSED_SECONDS = 1.0

WithoutRedis = Literal["open", "closed"]


class RedisLimits:
    """Exact over all processes of one Redis: a script there counts and decides in one step.

    Times are those of the callers, so clocks that differ by a second move the window by a second.

    Args:
        client: closed by its owner.
        without_redis: `open` counts in this process alone while Redis does not answer, so a caller gets the limit
            once from each process; `closed` refuses everything, to be tried again in a second.
        count: told `limits` at each attempt that Redis did not answer.
    """

    def __init__(self, client: Redis, without_redis: WithoutRedis, count: Callable[[str], None]) -> None:
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=PREFIX,
            connection_pool=client.connection_pool,  # type: ignore[arg-type]
        )
        self._limiter = MovingWindowRateLimiter(storage)
        self._client = client
        self._circuit = Circuit("limits", REDIS_FAILURES, MOST_SECONDS, count)
        self._alone = MemoryLimits() if without_redis == "open" else None

    @property
    def degraded(self) -> bool:
        """See `Limits.degraded`."""
        return self._circuit.failing

    async def take(self, key: str, cost: int, requests: int, window_seconds: float) -> Taken:
        """See `Limits.take`. The time to wait of an attempt that costs more than 1 may be too short."""
        seconds = whole_window(cost, requests, window_seconds)
        try:
            async with self._circuit.call():
                return await self._take(key, cost, requests, seconds)
        except NoAnswer:
            # Connections that wait were lost too: each would cost one more second of counting alone.
            with suppress(*REDIS_FAILURES):
                await self._client.connection_pool.disconnect(inuse_connections=False)
            return await self._without_redis(key, cost, requests, seconds)

    async def _take(self, key: str, cost: int, requests: int, seconds: int) -> Taken:
        limit = RateLimitItemPerSecond(requests, seconds)
        admitted = await self._limiter.hit(limit, key, cost=cost)
        stats = await self._limiter.get_window_stats(limit, key)
        reset = max(0.0, stats.reset_time - time.time())
        return Taken(admitted, max(0, stats.remaining), reset, 0.0 if admitted else max(reset, 0.001))

    async def _without_redis(self, key: str, cost: int, requests: int, seconds: int) -> Taken:
        if self._alone is None:
            return Taken(False, 0, REFUSED_SECONDS, REFUSED_SECONDS)
        return await self._alone.take(key, cost, requests, seconds)
