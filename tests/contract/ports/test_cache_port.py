"""What every cache does."""

import pytest

from mesh.ports.cache_memory import MemoryCache


class Seconds:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def cache(seconds: Seconds) -> MemoryCache:
    return MemoryCache(most_bytes=100, most_entries=5, now=seconds)


async def test_a_value_is_kept_for_its_time(cache: MemoryCache, seconds: Seconds) -> None:
    await cache.set("a", b"1", 10)
    assert await cache.get("a") == b"1"
    seconds.now = 9.9
    assert await cache.get("a") == b"1"
    seconds.now = 10
    assert await cache.get("a") is None


async def test_a_new_value_replaces_the_old_and_its_time(cache: MemoryCache, seconds: Seconds) -> None:
    await cache.set("a", b"1", 10)
    await cache.set("a", b"2", 20)
    seconds.now = 15
    assert await cache.get("a") == b"2"


async def test_a_deleted_value_is_gone(cache: MemoryCache) -> None:
    await cache.set("a", b"1", 10)
    await cache.delete("a")
    await cache.delete("a")
    assert await cache.get("a") is None


async def test_values_are_deleted_by_how_their_keys_start(cache: MemoryCache) -> None:
    for key in ("ada/1", "ada/2", "bob/1"):
        await cache.set(key, b"1", 10)
    await cache.delete_prefix("ada/")
    assert [await cache.get(key) for key in ("ada/1", "ada/2", "bob/1")] == [None, None, b"1"]


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
