"""The cache in memory keeps within its bounds."""

import pytest

from mesh.ports.cache_memory import MemoryCache


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache(most_bytes=100, most_entries=5)


async def test_too_many_values_push_out_the_one_asked_for_least_recently(cache: MemoryCache) -> None:
    for key in "abcde":
        await cache.set(key, b"1", 10)
    await cache.get("a")
    await cache.set("f", b"1", 10)
    assert await cache.get("b") is None
    assert await cache.get("a") == b"1"


async def test_too_many_bytes_push_out_others(cache: MemoryCache) -> None:
    await cache.set("a", b"1" * 60, 10)
    await cache.set("b", b"1" * 60, 10)
    assert await cache.get("a") is None
    assert await cache.get("b") == b"1" * 60


async def test_a_value_larger_than_the_cache_is_not_kept_and_room_stays_for_others(
    cache: MemoryCache,
) -> None:
    await cache.set("large", b"1" * 200, 10)
    await cache.set("a", b"1" * 60, 10)
    assert await cache.get("large") is None
    assert await cache.get("a") is not None
