"""What every cache does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from mesh.ports import cache_redis
from mesh.ports.cache import Cache
from mesh.ports.cache_memory import MemoryCache
from mesh.ports.cache_redis import RedisCache
from mesh.ports.redis_client import redis_client
from tests.stopwatch import needing_less_than, undisturbed

Pass = Callable[[float], Awaitable[None]]


class Seconds:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture(params=["memory", "redis"])
async def cache(
    request: pytest.FixtureRequest, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Cache]:
    if request.param == "memory":
        yield MemoryCache(now=seconds)
        return
    # A busy machine is no outage here.
    monkeypatch.setattr(cache_redis, "MOST_SECONDS", 10.0)
    async with redis_client(request.getfixturevalue("redis_url")) as client:
        yield RedisCache(client, count=pytest.fail)


@pytest.fixture
def pass_by(cache: Cache, seconds: Seconds) -> Pass:
    """Lets time go by for the cache: its clock, or the real one."""
    return seconds.pass_by if isinstance(cache, MemoryCache) else asyncio.sleep


async def test_a_value_is_kept_for_its_time(cache: Cache, pass_by: Pass) -> None:
    async def kept_for(seconds: float) -> None:
        with needing_less_than(seconds):
            await cache.set("a", b"1", seconds)
            assert await cache.get("a") == b"1"
            await pass_by(seconds / 6)
            assert await cache.get("a") == b"1"
        await pass_by(seconds)
        assert await cache.get("a") is None

    await undisturbed(kept_for, 0.3, 1.2, 6)


async def test_a_new_value_replaces_the_old_and_its_time(cache: Cache, pass_by: Pass) -> None:
    await cache.set("a", b"1", 0.05)
    await cache.set("a", b"2", 20)
    await pass_by(0.1)
    assert await cache.get("a") == b"2"


async def test_a_value_that_is_kept_for_no_time_is_not_there(cache: Cache) -> None:
    await cache.set("a", b"1", 10)
    await cache.set("a", b"2", 0)
    assert await cache.get("a") is None


async def test_any_bytes_are_given_back_as_they_were(cache: Cache) -> None:
    for value in (b"", bytes(range(256)), b"x" * 1_000_000):
        await cache.set("a", value, 10)
        assert await cache.get("a") == value


async def test_a_deleted_value_is_gone(cache: Cache) -> None:
    await cache.set("a", b"1", 10)
    await cache.delete("a")
    await cache.delete("a")
    assert await cache.get("a") is None


async def test_values_are_deleted_by_how_their_keys_start(cache: Cache) -> None:
    for key in ("ada/1", "ada/2", "bob/1"):
        await cache.set(key, b"1", 10)
    await cache.delete_prefix("ada/")
    assert [await cache.get(key) for key in ("ada/1", "ada/2", "bob/1")] == [None, None, b"1"]


async def test_signs_in_a_prefix_mean_themselves(cache: Cache) -> None:
    for key in ("[a]*?/1", "a/1", "[a]bc/1"):
        await cache.set(key, b"1", 10)
    await cache.delete_prefix("[a]*?/")
    assert [await cache.get(key) for key in ("[a]*?/1", "a/1", "[a]bc/1")] == [None, b"1", b"1"]


async def test_thousands_of_values_are_deleted_by_how_their_keys_start(cache: Cache) -> None:
    for number in range(2500):
        await cache.set(f"many/{number}", b"1", 10)
    await cache.set("other", b"1", 10)
    await cache.delete_prefix("many/")
    assert [await cache.get(f"many/{number}") for number in range(0, 2500, 100)] == [None] * 25
    assert await cache.get("other") == b"1"
