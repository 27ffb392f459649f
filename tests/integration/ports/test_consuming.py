"""How jobs are worked on: kept, given back, tried again, given up."""

import asyncio
import time

import pytest

from mesh.consuming import Consumer, Consuming
from mesh.one_at_a_time import OneAtATime
from mesh.ports.failures import StorageUnavailable
from mesh.ports.queue import Lease, Queue
from mesh.tracing import Tracing, current_trace_id
from tests.integration.ports.working import TOPIC, empty, eventually, working

pytestmark = pytest.mark.usefixtures("short_waits")
LEASE_SECONDS = 0.3


async def test_a_job_that_returns_is_done(queue: Queue) -> None:
    seen = []

    async def handle(lease: Lease) -> None:
        seen.append((lease.key, lease.body))

    async with working(queue, Consumer(TOPIC, handle)):
        await queue.publish(TOPIC, "a", b"body")
        await eventually(empty(queue))
    assert seen == [("a", b"body")]


async def test_a_long_job_keeps_its_lease(queue: Queue) -> None:
    attempts = []

    async def handle(lease: Lease) -> None:
        attempts.append(lease.attempt)
        await asyncio.sleep(3 * LEASE_SECONDS)

    consumer = Consumer(TOPIC, handle, lease_seconds=LEASE_SECONDS, concurrency=2)
    await queue.publish(TOPIC, "a", b"")
    async with working(queue, consumer):
        await eventually(empty(queue))
    assert attempts == [1]


async def test_work_is_cancelled_when_its_lease_is_lost(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = asyncio.Event()

    async def handle(lease: Lease) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await queue.publish(TOPIC, "a", b"")
    lease = await queue.lease(TOPIC, wait_seconds=0, lease_seconds=LEASE_SECONDS)
    assert lease is not None

    async def lost() -> bool:
        return False

    monkeypatch.setattr(type(lease), "extend", lambda self: lost())
    async with working(queue, Consumer(TOPIC, handle, lease_seconds=LEASE_SECONDS)):
        await asyncio.wait_for(cancelled.wait(), 5)


async def test_work_is_cancelled_when_nobody_answers_for_a_whole_lease(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = asyncio.Event()
    started = time.monotonic()

    async def handle(lease: Lease) -> None:
        async def unavailable() -> bool:
            raise StorageUnavailable("not now")

        monkeypatch.setattr(type(lease), "extend", lambda self: unavailable())
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await queue.publish(TOPIC, "a", b"")
    async with working(queue, Consumer(TOPIC, handle, lease_seconds=LEASE_SECONDS)):
        await asyncio.wait_for(cancelled.wait(), 5)
    assert LEASE_SECONDS <= time.monotonic() - started < 10 * LEASE_SECONDS


async def test_at_a_stop_the_job_at_hand_is_finished_when_it_ends_soon(queue: Queue) -> None:
    started = asyncio.Event()

    async def handle(lease: Lease) -> None:
        started.set()
        await asyncio.sleep(0.05)

    await queue.publish(TOPIC, "a", b"")
    async with working(queue, Consumer(TOPIC, handle), finish_seconds=5) as until:
        await started.wait()
        until.set()
    assert await queue.depth(TOPIC) == 0


async def test_at_a_stop_a_long_job_is_given_back_at_once_and_keeps_its_attempts(queue: Queue) -> None:
    started = asyncio.Event()

    async def handle(lease: Lease) -> None:
        started.set()
        await asyncio.sleep(60)

    await queue.publish(TOPIC, "a", b"")
    async with working(queue, Consumer(TOPIC, handle), finish_seconds=0.05):
        await started.wait()
    lease = await queue.lease(TOPIC, wait_seconds=0)
    assert lease is not None and (lease.attempt, lease.token) == (1, 2)


async def test_when_it_is_cancelled_it_gives_the_job_at_hand_back(queue: Queue) -> None:
    started = asyncio.Event()

    async def handle(lease: Lease) -> None:
        started.set()
        await asyncio.sleep(60)

    await queue.publish(TOPIC, "a", b"")
    running = asyncio.create_task(Consuming(queue, Tracing(), Consumer(TOPIC, handle)).run(asyncio.Event()))
    await started.wait()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    lease = await queue.lease(TOPIC, wait_seconds=0)
    assert lease is not None and lease.attempt == 1


async def test_when_it_is_cancelled_as_a_job_comes_the_job_is_not_held(queue: Queue) -> None:
    async def handle(lease: Lease) -> None:
        await asyncio.sleep(60)

    for number in range(20):
        running = asyncio.create_task(
            Consuming(queue, Tracing(), Consumer(TOPIC, handle)).run(asyncio.Event())
        )
        await asyncio.sleep(0.01)
        await queue.publish(TOPIC, str(number), b"")
        await asyncio.sleep(number / 10_000)
        running.cancel()
        await asyncio.wait([running])
        lease = await queue.lease(TOPIC, wait_seconds=0)
        assert lease is not None and lease.attempt == 1
        await lease.acknowledge()


async def test_work_that_swallows_its_cancellation_does_not_count_as_done(queue: Queue) -> None:
    started = asyncio.Event()

    async def handle(lease: Lease) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return

    await queue.publish(TOPIC, "a", b"")
    async with working(queue, Consumer(TOPIC, handle), finish_seconds=0.05):
        await started.wait()
    assert await queue.depth(TOPIC) == 1


async def test_as_many_jobs_run_at_once_as_was_asked_for(queue: Queue) -> None:
    running = 0
    most = 0

    async def handle(lease: Lease) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    for number in range(12):
        await queue.publish(TOPIC, str(number), b"")
    async with working(queue, Consumer(TOPIC, handle, concurrency=3)):
        await eventually(empty(queue))
    assert most == 3


async def test_a_queue_that_does_not_answer_is_asked_again(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = asyncio.Event()
    lease_of = queue.lease
    failures = 2

    async def flaky(topic: str, *, wait_seconds: float, lease_seconds: float) -> Lease | None:
        nonlocal failures
        if failures:
            failures -= 1
            raise StorageUnavailable("not now")
        return await lease_of(topic, wait_seconds=wait_seconds, lease_seconds=lease_seconds)

    async def handle(lease: Lease) -> None:
        done.set()

    monkeypatch.setattr(queue, "lease", flaky)
    await queue.publish(TOPIC, "a", b"")
    async with working(queue, Consumer(TOPIC, handle)):
        await asyncio.wait_for(done.wait(), 5)


async def test_the_trace_of_whoever_enqueued_the_job_goes_on(queue: Queue) -> None:
    seen = []
    trace_id = "0af7651916cd43dd8448eb211c80319c"

    async def handle(lease: Lease) -> None:
        seen.append(current_trace_id())

    headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    await queue.publish(TOPIC, "a", b"", headers=headers)
    async with working(queue, Consumer(TOPIC, handle)):
        await eventually(empty(queue))
    assert seen == [trace_id]


async def test_consumers_of_one_turn_lease_one_job_between_them(queue: Queue) -> None:
    """So that a job that ends the process takes no other with it."""
    leased: list[str] = []

    async def handle(lease: Lease) -> None:
        leased.append(lease.topic)
        await asyncio.sleep(0.3)

    turn, until = OneAtATime(), asyncio.Event()
    topics = ("one", "two")
    running = [
        asyncio.create_task(Consuming(queue, Tracing(), Consumer(topic, handle), turn=turn).run(until))
        for topic in topics
    ]
    for topic in topics:
        await queue.publish(topic, "a", b"")
        await queue.publish(topic, "b", b"")
    most = 0
    while len(leased) < 4:
        states = [await queue.depth(topic) for topic in topics]
        most = max(most, len(leased) - (4 - sum(states)))
        await asyncio.sleep(0.02)
    until.set()
    await asyncio.gather(*running)
    assert sorted(leased) == ["one", "one", "two", "two"]
    assert most == 1
