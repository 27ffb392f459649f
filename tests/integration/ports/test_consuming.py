"""How jobs are worked on: kept, given back, tried again, given up."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from mesh.consuming import Consumer, Consuming
from mesh.one_at_a_time import OneAtATime
from mesh.ports.failures import StorageUnavailable
from mesh.ports.queue import Lease, Queue
from mesh.tracing import Tracing, current_trace_id
from tests.integration.ports.working import TOPIC, empty, eventually, working
from tests.stopwatch import Disturbed, Stopwatch, undisturbed

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
    async def kept(lease_seconds: float) -> None:
        attempts = []

        async def handle(lease: Lease) -> None:
            attempts.append(lease.attempt)
            await asyncio.sleep(3 * lease_seconds)

        consumer = Consumer(TOPIC, handle, lease_seconds=lease_seconds, concurrency=2)
        await queue.publish(TOPIC, f"{lease_seconds}", b"")
        with Stopwatch() as watch:
            async with working(queue, consumer):
                await eventually(empty(queue))
        if watch.stood_still > lease_seconds / 3:
            raise Disturbed(f"the machine stood still for {watch.stood_still:.2f} s")
        assert attempts == [1]

    await undisturbed(kept, 2 * LEASE_SECONDS, 10.0)


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
        await asyncio.wait_for(cancelled.wait(), 60)


async def test_work_is_cancelled_when_nobody_answers_for_a_whole_lease(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = asyncio.Event()

    async def handle(lease: Lease) -> None:
        async def unavailable() -> bool:
            raise StorageUnavailable("not now")

        monkeypatch.setattr(type(lease), "extend", lambda self: unavailable())
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with Stopwatch() as watch:
        await queue.publish(TOPIC, "a", b"")
        async with working(queue, Consumer(TOPIC, handle, lease_seconds=LEASE_SECONDS)):
            await asyncio.wait_for(cancelled.wait(), 60)
    assert watch.raw_seconds >= LEASE_SECONDS
    assert watch.seconds < 10 * LEASE_SECONDS


async def test_at_a_stop_the_job_at_hand_is_finished_when_it_ends_soon(queue: Queue) -> None:
    started = asyncio.Event()

    async def handle(lease: Lease) -> None:
        started.set()
        await asyncio.sleep(0.05)

    await queue.publish(TOPIC, "a", b"")
    async with working(queue, Consumer(TOPIC, handle), finish_seconds=60) as until:
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
    full = asyncio.Event()

    async def handle(lease: Lease) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 3:
            full.set()
        await asyncio.wait_for(full.wait(), 60)
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
        await asyncio.wait_for(done.wait(), 60)


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


async def worked_off(queue: Queue, jobs: Sequence[str], seconds: float = 0.1) -> list[str]:
    """Publishes jobs, one at a time works on those of two topics, and gives the topics in the order of the work."""
    worked: list[str] = []
    at_work = asyncio.Lock()

    async def handle(lease: Lease) -> None:
        assert not at_work.locked()
        async with at_work:
            worked.append(lease.topic)
            await asyncio.sleep(seconds)

    until = asyncio.Event()
    for number, topic in enumerate(jobs):
        await queue.publish(topic, str(number), b"")
    consumers = [Consuming(queue, Tracing(), Consumer(topic, handle)) for topic in ("one", "two")]
    running = asyncio.create_task(OneAtATime(consumers).run(until))
    await eventually(lambda: _drained(queue))
    until.set()
    await running
    return worked


async def _drained(queue: Queue) -> bool:
    return not [topic for topic in ("one", "two") if await queue.depth(topic)]


async def test_a_process_that_works_on_one_job_at_a_time_leases_nothing_that_it_does_not_work_on(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    leased: list[Lease] = []
    lease_of = queue.lease

    async def noted(topic: str, *, wait_seconds: float, lease_seconds: float = LEASE_SECONDS) -> Lease | None:
        lease = await lease_of(topic, wait_seconds=wait_seconds, lease_seconds=lease_seconds)
        if lease is not None:
            leased.append(lease)
        return lease

    monkeypatch.setattr(queue, "lease", noted)
    worked = await worked_off(queue, ["one", "two"] * 4, 0.02)
    assert [lease.topic for lease in leased] == worked
    assert {(lease.token, lease.attempt) for lease in leased} == {(1, 1)}


async def test_consumers_that_work_one_at_a_time_take_turns(queue: Queue) -> None:
    worked = await worked_off(queue, ["one"] * 4 + ["two"] * 2, 0.02)
    assert worked == ["one", "two", "one", "two", "one", "one"]


async def test_a_job_that_comes_while_all_wait_is_worked_on_at_once(queue: Queue) -> None:
    done = asyncio.Event()

    async def handle(lease: Lease) -> None:
        done.set()

    until = asyncio.Event()
    consumers = [Consuming(queue, Tracing(), Consumer(topic, handle)) for topic in ("one", "two")]
    running = asyncio.create_task(OneAtATime(consumers).run(until))
    await asyncio.sleep(0.2)
    for topic in ("two", "one", "two"):
        done.clear()
        await queue.publish(topic, f"{topic} {time.monotonic()}", b"")
        await asyncio.wait_for(done.wait(), 60)
    until.set()
    await asyncio.wait_for(running, 60)
    assert await _drained(queue)


async def test_a_queue_that_does_not_answer_one_at_a_time_is_asked_again(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease_of, failures = queue.lease, 2

    async def flaky(topic: str, *, wait_seconds: float, lease_seconds: float = LEASE_SECONDS) -> Lease | None:
        nonlocal failures
        if failures:
            failures -= 1
            raise StorageUnavailable("not now")
        return await lease_of(topic, wait_seconds=wait_seconds, lease_seconds=lease_seconds)

    monkeypatch.setattr(queue, "lease", flaky)
    assert await worked_off(queue, ["one", "two"], 0.01) == ["one", "two"]
