"""Opens what may be lost at any time without losing data: the cache and the counts of limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesh.config import Settings
from mesh.ports.cache import Cache
from mesh.ports.cache_memory import MemoryCache
from mesh.ports.limits import Limits
from mesh.ports.limits_memory import MemoryLimits

if TYPE_CHECKING:
    from redis.asyncio import Redis


@dataclass(frozen=True)
class Fleeting:
    """The two ports, and the client they share where they are on Redis."""

    cache: Cache
    limits: Limits
    client: "Redis | None" = field(default=None, repr=False)

    async def close(self) -> None:
        """Ends the connections."""
        if self.client is not None:
            await self.client.aclose()


def open_redis(settings: Settings, count: Callable[[str], None]) -> Fleeting:
    """On Redis where `REDIS_URL` is set, else in this process. Redis need not answer yet.

    Args:
        count: told the name of the port at each call that Redis did not answer.
    """
    if settings.redis_url is None:
        return Fleeting(MemoryCache(), MemoryLimits())
    # Imported here: the embedded mode need not spend the time.
    from mesh.ports.cache_redis import RedisCache
    from mesh.ports.limits_redis import RedisLimits
    from mesh.ports.redis_client import redis_client

    client = redis_client(settings.redis_url)
    limits = RedisLimits(client, settings.limits_without_redis, count)
    return Fleeting(RedisCache(client, count), limits, client)
