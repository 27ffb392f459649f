"""A cache in the memory of the process: adapter of the embedded mode and fake for tests."""

import time
from collections import OrderedDict
from collections.abc import Callable


class MemoryCache:
    """Forgets what is too old and, when it is full, what was asked for least recently.

    Args:
        most_bytes: bound of all keys and values together.
        most_entries: bound of their number.
        now: seconds on any clock that only goes forward.
    """

    def __init__(
        self,
        most_bytes: int = 64 << 20,
        most_entries: int = 100_000,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_bytes = most_bytes
        self._most_entries = most_entries
        self._now = now
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0

    async def get(self, key: str) -> bytes | None:
        """See `Cache.get`."""
        found = self._entries.get(key)
        if found is None:
            return None
        value, expires = found
        if expires <= self._now():
            self._forget(key)
            return None
        self._entries.move_to_end(key)
        return value

    async def set(self, key: str, value: bytes, ttl_seconds: float) -> None:
        """See `Cache.set`. A value larger than the whole cache is not kept."""
        self._forget(key)
        self._entries[key] = (value, self._now() + ttl_seconds)
        self._bytes += len(key) + len(value)
        while self._bytes > self._most_bytes or len(self._entries) > self._most_entries:
            self._forget(next(iter(self._entries)))

    async def delete(self, key: str) -> None:
        """See `Cache.delete`."""
        self._forget(key)

    async def delete_prefix(self, prefix: str) -> None:
        """See `Cache.delete_prefix`."""
        for key in [key for key in self._entries if key.startswith(prefix)]:
            self._forget(key)

    def _forget(self, key: str) -> None:
        found = self._entries.pop(key, None)
        if found is not None:
            self._bytes -= len(key) + len(found[0])
