"""What every limiter does."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mesh.ports import limits_redis
from mesh.ports.limits import Limits
from mesh.ports.limits_memory import MemoryLimits
from mesh.ports.limits_redis import RedisLimits
from mesh.ports.redis_client import redis_client
from tests.stopwatch import needing_less_than, undisturbed


@pytest.fixture(params=["memory", "redis"])
async def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Limits]:
    if request.param == "memory":
        yield MemoryLimits()
        return
    # A busy machine is no outage here.
    monkeypatch.setattr(limits_redis, "MOST_SECONDS", 60.0)
    async with redis_client(request.getfixturevalue("redis_url")) as client:
        yield RedisLimits(client, "closed", count=pytest.fail)


async def test_as_many_are_admitted_as_the_limit_says(limits: Limits) -> None:
    taken = [await limits.take("ada", 1, 3, 60) for _ in range(5)]
    assert [one.admitted for one in taken] == [True, True, True, False, False]
    assert [one.remaining for one in taken] == [2, 1, 0, 0, 0]


async def test_who_is_refused_is_told_when_to_come_back(limits: Limits) -> None:
    assert (await limits.take("ada", 1, 1, 60)).retry_after_seconds == 0
    refused = await limits.take("ada", 1, 1, 60)
    assert 55 < refused.retry_after_seconds <= 60
    assert 55 < refused.reset_seconds <= 60


async def test_keys_are_counted_apart(limits: Limits) -> None:
    assert (await limits.take("ada", 1, 1, 60)).admitted
    assert (await limits.take("bob", 1, 1, 60)).admitted
    assert not (await limits.take("ada", 1, 1, 60)).admitted


async def test_a_dear_attempt_counts_for_several(limits: Limits) -> None:
    assert (await limits.take("ada", 4, 5, 60)).remaining == 1
    assert not (await limits.take("ada", 2, 5, 60)).admitted
    assert (await limits.take("ada", 1, 5, 60)).admitted


async def test_an_attempt_that_costs_more_than_the_limit_is_refused(limits: Limits) -> None:
    refused = await limits.take("ada", 6, 5, 60)
    assert not refused.admitted
    assert refused.remaining == 5
    assert refused.retry_after_seconds > 0


async def test_a_refused_attempt_is_not_counted_and_room_comes_back_with_time(limits: Limits) -> None:
    async def two_in(window: float) -> None:
        key, half = f"ada {window}", window / 2
        with needing_less_than(1.5 * window):
            with needing_less_than(window):
                assert (await limits.take(key, 1, 2, window)).admitted
                await asyncio.sleep(half)
                assert (await limits.take(key, 1, 2, window)).admitted
                for _ in range(5):
                    assert not (await limits.take(key, 1, 2, window)).admitted
                refused = await limits.take(key, 1, 2, window)
                assert 0 < refused.retry_after_seconds <= half
            await asyncio.sleep(refused.retry_after_seconds + 0.05)
            assert (await limits.take(key, 1, 2, window)).admitted
            assert not (await limits.take(key, 1, 2, window)).admitted

    await undisturbed(two_in, 1, 4, 16)


async def test_attempts_at_the_same_time_are_counted_exactly(limits: Limits) -> None:
    taken = await asyncio.gather(*(limits.take("ada", 1, 100, 60) for _ in range(500)))
    assert sum(one.admitted for one in taken) == 100


@pytest.mark.parametrize(("cost", "requests", "window"), [(0, 1, 1), (1, 0, 1), (1, 1, 0), (-1, 5, 60)])
async def test_numbers_that_make_no_sense_are_refused(
    limits: Limits, cost: int, requests: int, window: float
) -> None:
    with pytest.raises(ValueError, match="above 0"):
        await limits.take("ada", cost, requests, window)
