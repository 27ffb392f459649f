"""Redis that is away, slow or back again: the cache costs time, limits do what was chosen."""

import asyncio
import multiprocessing
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from ground.redis_server import RedisServer
from mesh.ports import circuit, limits_redis
from mesh.ports.cache_redis import MOST_SECONDS, RedisCache
from mesh.ports.limits_redis import RedisLimits, WithoutRedis
from mesh.ports.redis_client import redis_client
from tests.stopwatch import Stopwatch, quickest


@pytest.fixture
def unanswered() -> Counter[str]:
    return Counter()


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with redis_client(redis_url) as client:
        yield client


@pytest.fixture
def cache(client: Redis, unanswered: Counter[str]) -> RedisCache:
    return RedisCache(client, lambda port: unanswered.update([port]))


@pytest.fixture
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuit, "PAUSE_SECONDS", 0.05)


@pytest.fixture
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_redis, "MOST_SECONDS", 0.2)


@pytest.fixture
def paused(redis_server: RedisServer) -> Iterator[RedisServer]:
    """Redis that takes connections and says nothing, until the test lets it go on."""
    redis_server.pause()
    yield redis_server
    redis_server.resume()


async def test_without_redis_everything_is_a_miss_and_nothing_fails(
    client: Redis, redis_server: RedisServer, unanswered: Counter[str]
) -> None:
    async def took() -> float:
        unanswered.clear()
        cache = RedisCache(client, lambda port: unanswered.update([port]))
        with Stopwatch() as watch:
            await cache.set("a", b"1", 60)
            assert await cache.get("a") is None
            await cache.delete("a")
            await cache.delete_prefix("")
        assert unanswered["cache"] == 4
        return watch.seconds

    redis_server.kill()
    try:
        assert await quickest(took, 2 * MOST_SECONDS) < 2 * MOST_SECONDS
    finally:
        redis_server.start()


async def test_a_silent_redis_costs_its_time_limit_once(
    client: Redis, paused: RedisServer, unanswered: Counter[str]
) -> None:
    async def took() -> float:
        unanswered.clear()
        cache = RedisCache(client, lambda port: unanswered.update([port]))
        with Stopwatch() as watch:
            assert await cache.get("a") is None
            first = watch.seconds
            for _ in range(100):
                assert await cache.get("a") is None
        assert unanswered["cache"] == 101
        return max(first, watch.seconds - MOST_SECONDS)

    assert await quickest(took, 2 * MOST_SECONDS) < 2 * MOST_SECONDS


async def kept(cache: RedisCache, key: str, value: bytes) -> None:
    """Sets a value until it is kept: the cache gives Redis a tenth of a second."""
    async with asyncio.timeout(30):
        while await cache.get(key) != value:
            await cache.set(key, value, 60)
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("soon_again")
async def test_the_cache_is_used_again_when_redis_is_back(cache: RedisCache, paused: RedisServer) -> None:
    assert await cache.get("a") is None
    paused.resume()
    await kept(cache, "a", b"1")


@pytest.mark.usefixtures("soon_again")
async def test_what_was_deleted_during_an_outage_is_not_read_after_it(
    cache: RedisCache, redis_server: RedisServer
) -> None:
    for key in ("ada/1", "ada/2", "bob*", "bob1"):
        await kept(cache, key, b"old")
    redis_server.pause()
    try:
        await cache.delete_prefix("ada/")
        await cache.delete("bob*")
    finally:
        redis_server.resume()
    async with asyncio.timeout(30):
        while await cache.get("bob1") != b"old":
            await asyncio.sleep(0.06)
            assert [await cache.get(key) for key in ("ada/1", "ada/2", "bob*")] == [None] * 3
    assert [await cache.get(key) for key in ("ada/1", "ada/2", "bob*")] == [None] * 3


async def taken(client: Redis, without_redis: WithoutRedis, unanswered: Counter[str]) -> list[bool]:
    limits = RedisLimits(client, without_redis, lambda port: unanswered.update([port]))
    return [(await limits.take("ada", 1, 2, 60)).admitted for _ in range(4)]


@pytest.mark.usefixtures("little_patience")
async def test_open_limits_are_counted_by_the_process_while_redis_is_away(
    client: Redis, paused: RedisServer, unanswered: Counter[str]
) -> None:
    assert await taken(client, "open", unanswered) == [True, True, False, False]
    assert unanswered["limits"] == 4


@pytest.mark.usefixtures("little_patience")
async def test_closed_limits_refuse_everything_while_redis_is_away(
    client: Redis, paused: RedisServer, unanswered: Counter[str]
) -> None:
    assert await taken(client, "closed", unanswered) == [False] * 4
    refused = await RedisLimits(client, "closed", lambda port: None).take("ada", 1, 2, 60)
    assert refused.retry_after_seconds > 0


async def admitted(url: str, attempts: int) -> int:
    async with redis_client(url) as client:
        limits = RedisLimits(client, "closed", lambda port: None)
        results = await asyncio.gather(*(limits.take("ada", 1, 100, 60) for _ in range(attempts)))
    return sum(result.admitted for result in results)


def admitted_by_a_process(url: str, attempts: int) -> int:
    # A busy machine is no outage here.
    limits_redis.MOST_SECONDS = 60.0
    return asyncio.run(admitted(url, attempts))


def test_processes_that_count_at_the_same_time_admit_exactly_the_limit(redis_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        counts = pool.starmap(admitted_by_a_process, [(redis_url, 500)] * 2)
    assert sum(counts) == 100
