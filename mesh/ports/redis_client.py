"""One Redis client of a process, as both ports on Redis use it."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

# TimeoutError is what `asyncio.timeout` raises, OSError what a socket does.
REDIS_FAILURES: tuple[type[Exception], ...] = (RedisError, TimeoutError, OSError)


def redis_client(url: str) -> Redis:
    """A client that tries once: whoever asks sets the time limit and knows what to do without an answer."""
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=2.0, socket_timeout=5.0)
