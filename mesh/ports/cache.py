"""Replies worth keeping for a while. Losing all of it costs time, never data."""

from typing import Protocol


class Cache(Protocol):
    """Bytes by key, each with a time to live."""

    async def get(self, key: str) -> bytes | None:
        """The value, or None when it is missing or too old."""
        ...

    async def set(self, key: str, value: bytes, ttl_seconds: float) -> None:
        """Keeps a value for so long at the most."""
        ...

    async def delete(self, key: str) -> None:
        """Forgets a value."""
        ...

    async def delete_prefix(self, prefix: str) -> None:
        """Forgets every value whose key starts with the prefix."""
        ...
