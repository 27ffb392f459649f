"""What every job queue does."""

import asyncio
import itertools
import time

from tests.contract.ports.stores import Stores
from tests.stopwatch import Stopwatch, needing_less_than, quickest, undisturbed

SHORT = 0.15
# For what comes by itself; how soon it comes is said where that is promised.
SOON = 20.0
TOPIC = "video.scene"


async def test_a_job_comes_as_it_was_published(stores: Stores) -> None:
    await stores.queue.publish(TOPIC, "a", b"body", headers={"traceparent": "00-1"})
    lease = await stores.queue.lease(TOPIC, wait_seconds=SOON)
    assert lease is not None
    assert (lease.topic, lease.key, lease.body, dict(lease.headers)) == (
        TOPIC,
        "a",
        b"body",
        {"traceparent": "00-1"},
    )
    assert (lease.token, lease.attempt) == (1, 1)


async def test_without_a_job_the_wait_ends_in_time(stores: Stores) -> None:
    async def waited() -> float:
        with Stopwatch() as watch:
            assert await stores.queue.lease(TOPIC, wait_seconds=0.1) is None
        assert watch.raw_seconds >= 0.1
        return watch.seconds

    assert await quickest(waited, 0.5) < 0.5


async def test_a_waiting_worker_gets_a_new_job_at_once(stores: Stores) -> None:
    numbers = itertools.count()

    async def waited() -> float:
        waiting = asyncio.create_task(stores.queue.lease(TOPIC, wait_seconds=SOON))
        await asyncio.sleep(0.05)
        with Stopwatch() as watch:
            await stores.queue.publish(TOPIC, str(next(numbers)), b"")
            lease = await waiting
        assert lease is not None and await lease.acknowledge()
        return watch.seconds

    at_once = 0.8 if stores.has_broker else 0.3
    assert await quickest(waited, at_once) < at_once


async def test_higher_priority_comes_first_then_older(stores: Stores) -> None:
    for key, priority in (("old", 0), ("urgent", 5), ("new", 0)):
        await stores.queue.publish(TOPIC, key, b"", priority=priority)
    await stores.carried()
    leases = [await stores.queue.lease(TOPIC, wait_seconds=SOON) for _ in range(3)]
    assert [lease.key for lease in leases if lease] == ["urgent", "old", "new"]


async def test_topics_are_apart(stores: Stores) -> None:
    await stores.queue.publish(TOPIC, "a", b"")
    assert await stores.queue.lease("video.stitch", wait_seconds=0) is None


async def test_two_workers_never_get_the_same_job(stores: Stores) -> None:
    for number in range(20):
        await stores.queue.publish(TOPIC, str(number), b"")
    await stores.carried()
    leases = await asyncio.gather(*(stores.queue.lease(TOPIC, wait_seconds=0) for _ in range(25)))
    keys = [lease.key for lease in leases if lease]
    assert sorted(keys, key=int) == [str(number) for number in range(20)]


async def test_a_known_key_is_not_published_again_even_when_done(stores: Stores) -> None:
    await stores.queue.publish(TOPIC, "a", b"first")
    await stores.queue.publish(TOPIC, "a", b"second")
    assert await stores.queue.depth(TOPIC) == 1
    lease = await stores.queue.lease(TOPIC, wait_seconds=SOON)
    assert lease is not None and lease.body == b"first"
    assert await lease.acknowledge()
    await stores.queue.publish(TOPIC, "a", b"third")
    assert await stores.queue.lease(TOPIC, wait_seconds=0) is None


async def test_an_expired_lease_is_given_to_another_with_a_higher_token(stores: Stores) -> None:
    numbers = itertools.count()

    async def waited() -> float:
        await stores.queue.publish(TOPIC, str(next(numbers)), b"")
        first = await stores.queue.lease(TOPIC, wait_seconds=SOON, lease_seconds=SHORT)
        with Stopwatch() as watch:
            second = await stores.queue.lease(TOPIC, wait_seconds=SOON)
        assert first is not None and second is not None
        assert (second.token, second.attempt) == (first.token + 1, 2)
        lost = [await first.extend(), await first.acknowledge(), await first.retry(0), await first.release()]
        assert not any([*lost, await first.reject("late")])
        assert await second.acknowledge()
        return watch.seconds

    assert await quickest(waited, SHORT + 0.2) < SHORT + 0.2


async def test_an_extended_lease_is_kept(stores: Stores) -> None:
    async def extended(seconds: float) -> None:
        topic = f"{TOPIC}.{seconds}"
        await stores.queue.publish(topic, "a", b"")
        await stores.carried()
        with needing_less_than(seconds):
            lease = await stores.queue.lease(topic, wait_seconds=SOON, lease_seconds=seconds)
            assert lease is not None and await lease.extend()
        for _ in range(4):
            with needing_less_than(seconds):
                assert await stores.queue.lease(topic, wait_seconds=seconds / 2) is None
                assert await lease.extend()
        assert await lease.acknowledge()
        assert await stores.queue.depth(topic) == 0

    await undisturbed(extended, SHORT, 4 * SHORT, 40 * SHORT)


async def test_an_expired_lease_cannot_be_acknowledged_even_when_nobody_else_took_the_job(
    stores: Stores,
) -> None:
    await stores.queue.publish(TOPIC, "a", b"")
    lease = await stores.queue.lease(TOPIC, wait_seconds=SOON, lease_seconds=0.05)
    await asyncio.sleep(0.08)
    assert lease is not None and not await lease.acknowledge()


async def test_a_retried_job_comes_back_after_the_delay_and_counts_the_attempt(stores: Stores) -> None:
    await stores.queue.publish(TOPIC, "a", b"")
    lease = await stores.queue.lease(TOPIC, wait_seconds=SOON)
    before = time.monotonic()
    assert lease is not None and await lease.retry(SHORT)
    again = await stores.queue.lease(TOPIC, wait_seconds=0)
    assert again is None or time.monotonic() - before >= SHORT
    again = again or await stores.queue.lease(TOPIC, wait_seconds=SOON)
    assert time.monotonic() - before >= SHORT
    assert again is not None and (again.attempt, again.token) == (2, 2)


async def test_a_released_job_comes_back_at_once_and_does_not_count_the_attempt(stores: Stores) -> None:
    await stores.queue.publish(TOPIC, "a", b"")
    lease = await stores.queue.lease(TOPIC, wait_seconds=SOON)
    assert lease is not None and await lease.release()
    again = await stores.queue.lease(TOPIC, wait_seconds=SOON)
    assert again is not None and (again.attempt, again.token) == (1, 2)


async def test_a_delayed_job_does_not_hold_up_others(stores: Stores) -> None:
    await stores.queue.publish(TOPIC, "slow", b"", priority=9)
    slow = await stores.queue.lease(TOPIC, wait_seconds=SOON)
    assert slow is not None and await slow.retry(60)
    await stores.queue.publish(TOPIC, "quick", b"")
    quick = await stores.queue.lease(TOPIC, wait_seconds=SOON)
    assert quick is not None and quick.key == "quick"


async def test_a_rejected_job_is_a_dead_letter_until_it_is_replayed(stores: Stores) -> None:
    await stores.queue.publish(TOPIC, "a", b"body")
    lease = await stores.queue.lease(TOPIC, wait_seconds=SOON)
    assert lease is not None and await lease.reject("SCENE_TOO_COSTLY: too many objects")
    assert await stores.queue.lease(TOPIC, wait_seconds=0) is None
    assert await stores.queue.depth(TOPIC) == 0
    [dead] = await stores.queue.dead_letters(TOPIC)
    assert (dead.key, dead.body, dead.attempt) == ("a", b"body", 1)
    assert dead.reason == "SCENE_TOO_COSTLY: too many objects"
    assert await stores.queue.replay(TOPIC, "a")
    assert not await stores.queue.replay(TOPIC, "a")
    assert await stores.queue.dead_letters(TOPIC) == []
    again = await stores.queue.lease(TOPIC, wait_seconds=SOON)
    assert again is not None and (again.body, again.attempt, again.token) == (b"body", 1, 2)


async def test_topics_with_dead_letters_are_known_and_a_dropped_one_is_done(stores: Stores) -> None:
    for topic in ("video.stitch", TOPIC, "video.plan"):
        await stores.queue.publish(topic, "a", b"body")
    for topic in ("video.stitch", TOPIC):
        lease = await stores.queue.lease(topic, wait_seconds=SOON)
        assert lease is not None and await lease.reject("broken")
    assert await stores.queue.dead_topics() == [TOPIC, "video.stitch"]
    assert await stores.queue.drop(TOPIC, "a")
    assert not await stores.queue.drop(TOPIC, "a")
    assert not await stores.queue.drop("video.plan", "a")
    assert await stores.queue.dead_topics() == ["video.stitch"]
    await stores.queue.publish(TOPIC, "a", b"body")
    assert await stores.queue.depth(TOPIC) == 0


async def test_depth_counts_waiting_and_leased_jobs(stores: Stores) -> None:
    for key in "abc":
        await stores.queue.publish(TOPIC, key, b"")
    assert await stores.queue.lease(TOPIC, wait_seconds=SOON) is not None
    assert await stores.queue.depth(TOPIC) == 3
    assert await stores.queue.depth("video.stitch") == 0


async def test_a_lease_that_is_cancelled_takes_no_job(stores: Stores) -> None:
    for number in range(30):
        leasing = asyncio.create_task(stores.queue.lease(TOPIC, wait_seconds=SOON))
        await asyncio.sleep(0.005)
        await stores.queue.publish(TOPIC, str(number), b"")
        await asyncio.sleep(number / 15_000)
        leasing.cancel()
        await asyncio.wait([leasing])
        lease = (
            await stores.queue.lease(TOPIC, wait_seconds=SOON) if leasing.cancelled() else leasing.result()
        )
        assert lease is not None and (lease.key, lease.attempt) == (str(number), 1)
        assert await lease.acknowledge()


async def test_the_age_is_that_of_the_oldest_job_that_nobody_works_on(stores: Stores) -> None:
    assert await stores.queue.age_seconds(TOPIC) == 0
    await stores.queue.publish(TOPIC, "old", b"")
    await asyncio.sleep(0.3)
    await stores.queue.publish(TOPIC, "new", b"")
    await stores.carried()
    lease = await stores.queue.lease(TOPIC, wait_seconds=SOON)
    assert lease is not None and lease.key == "old"
    of_new = await stores.queue.age_seconds(TOPIC)
    await lease.release()
    of_old = await stores.queue.age_seconds(TOPIC)
    assert 0 <= of_new < of_old - 0.25
    assert 0.3 <= of_old < 5
