"""Jobs that fail are tried again, and given up in the end."""

import itertools
import time

import pytest
from mootion.errors.v1 import reason_pb2

from mesh.consuming import Consumer, Reject, Retry
from mesh.ports.queue import Lease, Queue
from tests.integration.ports.working import TOPIC, Deaths, empty, eventually, working
from tests.stopwatch import quickest

pytestmark = pytest.mark.usefixtures("short_waits")


async def test_a_failed_job_is_tried_again_until_it_succeeds(queue: Queue) -> None:
    attempts = []

    async def handle(lease: Lease) -> None:
        attempts.append(lease.attempt)
        if lease.attempt < 3:
            raise RuntimeError("not yet")

    await queue.publish(TOPIC, "a", b"")
    async with working(queue, Consumer(TOPIC, handle)):
        await eventually(empty(queue))
    assert attempts == [1, 2, 3]
    assert await queue.dead_letters(TOPIC) == []


async def test_a_job_that_always_fails_is_given_up_after_the_last_attempt(queue: Queue) -> None:
    attempts = []
    deaths = Deaths()

    async def handle(lease: Lease) -> None:
        attempts.append(lease.attempt)
        raise RuntimeError("a secret of the document")

    await queue.publish(TOPIC, "a", b"")
    async with working(queue, Consumer(TOPIC, handle, deaths, max_attempts=3)):
        await eventually(empty(queue))
    assert attempts == [1, 2, 3]
    assert deaths.told == [("a", "RuntimeError at attempt 3, the last")]
    assert [dead.key for dead in await queue.dead_letters(TOPIC)] == ["a"]


async def test_a_job_that_kills_its_worker_is_given_up_without_another_try(queue: Queue) -> None:
    deaths = Deaths()
    handled = []

    async def handle(lease: Lease) -> None:
        handled.append(lease.key)

    await queue.publish(TOPIC, "a", b"")
    for _ in range(2):
        killed = await queue.lease(TOPIC, wait_seconds=1, lease_seconds=0.02)
        assert killed is not None
    async with working(queue, Consumer(TOPIC, handle, deaths, max_attempts=2)):
        await eventually(empty(queue))
    assert handled == []
    assert deaths.told == [("a", "its worker died or lost it 2 times")]


async def test_a_rejected_job_is_dead_at_once_with_its_reason(queue: Queue) -> None:
    deaths = Deaths()

    async def handle(lease: Lease) -> None:
        raise Reject(reason_pb2.REASON_SCENE_TOO_COSTLY, "More than 200 objects.")

    await queue.publish(TOPIC, "a", b"")
    async with working(queue, Consumer(TOPIC, handle, deaths)):
        await eventually(empty(queue))
    assert deaths.told == [("a", "SCENE_TOO_COSTLY: More than 200 objects.")]
    [dead] = await queue.dead_letters(TOPIC)
    assert dead.reason == "SCENE_TOO_COSTLY: More than 200 objects."


async def test_a_handler_says_how_long_to_wait(queue: Queue) -> None:
    numbers = itertools.count()

    async def waited() -> float:
        times = []

        async def handle(lease: Lease) -> None:
            times.append(time.monotonic())
            if lease.attempt == 1:
                raise Retry(0.2)

        await queue.publish(TOPIC, str(next(numbers)), b"")
        async with working(queue, Consumer(TOPIC, handle)):
            await eventually(empty(queue))
        assert times[1] - times[0] >= 0.2
        return times[1] - times[0]

    assert await quickest(waited, 1.0) < 1.0


async def test_a_death_that_nobody_could_be_told_of_is_told_later(queue: Queue) -> None:
    deaths = Deaths(failures=2)

    async def handle(lease: Lease) -> None:
        raise RuntimeError

    await queue.publish(TOPIC, "a", b"")
    async with working(queue, Consumer(TOPIC, handle, deaths, max_attempts=1)):
        await eventually(empty(queue))
    assert [key for key, _ in deaths.told] == ["a"]
