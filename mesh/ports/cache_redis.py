"""A cache on Redis, shared by all processes."""

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from redis.asyncio import Redis

from mesh.ports.circuit import Circuit, NoAnswer
from mesh.ports.redis_client import REDIS_FAILURES

PREFIX = "mootion:cache:"
MOST_SECONDS = 0.1
BATCH = 1000
MOST_OWED = 1000

_GLOB = re.compile(r"([*?\[\]\\])")

T = TypeVar("T")


class RedisCache:
    """Without Redis everything is a miss and nothing is kept, within `MOST_SECONDS`, and soon at once.

    What should have been forgotten meanwhile is forgotten before the first value is read again, so an outage
    gives no value that this process had deleted.

    Args:
        client: closed by its owner.
        count: told `cache` at each call that Redis did not answer.
    """

    def __init__(self, client: Redis, count: Callable[[str], None]) -> None:
        self._client = client
        self._circuit = Circuit("cache", REDIS_FAILURES, MOST_SECONDS, count)
        self._owed: set[str] = set()

    async def get(self, key: str) -> bytes | None:
        """See `Cache.get`."""
        with suppress(NoAnswer):
            await self._forget_what_is_owed()
            found = await self._ask(lambda: self._client.get(PREFIX + key))
            assert not isinstance(found, str), "the client decodes nothing"
            return found
        return None

    async def set(self, key: str, value: bytes, ttl_seconds: float) -> None:
        """See `Cache.set`."""
        milliseconds = int(ttl_seconds * 1000)
        if milliseconds < 1:
            await self.delete(key)
            return
        with suppress(NoAnswer):
            await self._forget_what_is_owed()
            await self._ask(lambda: self._client.set(PREFIX + key, value, px=milliseconds))

    async def delete(self, key: str) -> None:
        """See `Cache.delete`."""
        pattern = _escaped(PREFIX + key)
        with self._owing(pattern):
            await self._ask(lambda: self._client.unlink(PREFIX + key))

    async def delete_prefix(self, prefix: str) -> None:
        """See `Cache.delete_prefix`. Walks through all keys of the database, a thousand at a time."""
        pattern = _escaped(PREFIX + prefix) + "*"
        with self._owing(pattern):
            await self._unlink(pattern)

    @contextmanager
    def _owing(self, pattern: str) -> Iterator[None]:
        try:
            yield
        except NoAnswer:
            self._owed.add(pattern)
            if len(self._owed) > MOST_OWED:
                self._owed = {PREFIX + "*"}

    async def _forget_what_is_owed(self) -> None:
        while self._owed:
            pattern = next(iter(self._owed))
            await self._unlink(pattern)
            self._owed.discard(pattern)

    async def _unlink(self, pattern: str) -> None:
        cursor = 0
        while True:
            cursor, keys = await self._ask(
                lambda at=cursor: self._client.scan(at, match=pattern, count=BATCH)  # type: ignore[misc]
            )
            if keys:
                await self._ask(lambda found=keys: self._client.unlink(*found))  # type: ignore[misc]
            if cursor == 0:
                return

    async def _ask(self, command: Callable[[], Awaitable[T]]) -> T:
        async with self._circuit.call():
            return await command()


def _escaped(key: str) -> str:
    return _GLOB.sub(r"\\\1", key)
