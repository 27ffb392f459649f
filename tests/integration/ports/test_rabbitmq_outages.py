"""RabbitMQ is killed, stands still or takes no messages; workers are killed. Nothing is lost, and nobody hangs."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from mootion.event.v1 import event_pb2
from structlog.testing import capture_logs

from ground.rabbitmq import RabbitMQ
from mesh.config import Settings
from mesh.consuming import Consumer, Consuming
from mesh.ports import rabbit_publishing
from mesh.ports.failures import StorageUnavailable
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Lease
from mesh.ports.rabbit_link import ANSWER_SECONDS
from mesh.tracing import Tracing
from tests.integration.ports import broker, journal, notebook, processes
from tests.integration.ports.working import working
from tests.relaying import relaying
from tests.stopwatch import Stopwatch

NAMES = sorted(f"job-{number}" for number in range(150))
SUBSCRIPTION = "notebook"
STARTED = "started"
# By when a caller has its answer, with a broker or without.
DEADLINE_SECONDS = 2.0
RETAKEN_SECONDS = 5.0


@asynccontextmanager
async def opened(folder: Path, amqp_url: str) -> AsyncIterator[Ports]:
    ports = await open_ports(Settings(data_dir=folder, amqp_url=amqp_url))
    await ports.database.create_tables(notebook.metadata)
    async with relaying(ports):
        yield ports
    await ports.close()


async def work(folder: Path, amqp_url: str, seconds: float, held: str = "") -> None:
    """Works on jobs until killed; the one named `held` keeps its first worker."""
    ports = await open_ports(Settings(data_dir=folder, amqp_url=amqp_url))

    async def handle(lease: Lease) -> None:
        journal.append(folder / STARTED, lease.key, lease.token, os.getpid())
        await asyncio.sleep(60.0 if (lease.key, lease.token) == (held, 1) else seconds)
        async with ports.database.transaction() as tx:
            await notebook.accept(tx, lease.key, lease.token)

    await Consuming(ports.queue, Tracing(), Consumer(notebook.TOPIC, handle)).run(asyncio.Event())


async def note_all(ports: Ports, pause_seconds: float = 0.0) -> float:
    """Notes all names, one call after the other; gives the longest time that one of them took."""
    longest = 0.0
    with Stopwatch() as watch:
        for name in NAMES:
            began = watch.seconds
            await notebook.note(ports, name)
            longest = max(longest, watch.seconds - began)
            await asyncio.sleep(pause_seconds)
    return longest


async def depth_is_zero(ports: Ports, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await ports.queue.depth(notebook.TOPIC):  # noqa: ASYNC110 - other processes change it
            await asyncio.sleep(0.02)


async def assert_each_done_once(ports: Ports) -> None:
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.effects) == NAMES
        assert len(await notebook.names(reader, notebook.attempts)) == len(NAMES)


async def test_a_broker_killed_while_jobs_and_events_are_published_loses_none(
    tmp_path: Path, rabbitmq: RabbitMQ, amqp_url: str
) -> None:
    seen: list[str] = []

    async def subscriber(event: event_pb2.Event) -> None:
        seen.append(event.owner_id)

    async with opened(tmp_path, amqp_url) as ports:

        async def handle(lease: Lease) -> None:
            async with ports.database.transaction() as tx:
                await notebook.accept(tx, lease.key, lease.token)

        events = asyncio.create_task(ports.events.run(SUBSCRIPTION, subscriber))
        async with working(ports.queue, Consumer(notebook.TOPIC, handle, concurrency=4)):
            await asyncio.sleep(broker.NEW_QUEUE_SECONDS)
            noting = asyncio.create_task(note_all(ports, 0.01))
            await asyncio.sleep(0.5)
            rabbitmq.kill()
            await broker.started(rabbitmq)
            assert await noting < DEADLINE_SECONDS
            await depth_is_zero(ports, 90)
        assert await ports.events.wait_until_handled(SUBSCRIPTION, 60)
        events.cancel()
        await asyncio.wait([events])
        await assert_each_done_once(ports)
    assert seen == NAMES


async def test_a_broker_that_is_blocked_delays_jobs_and_nobody_else(
    tmp_path: Path, rabbitmq: RabbitMQ, amqp_url: str
) -> None:
    async with opened(tmp_path, amqp_url) as ports:
        await notebook.note(ports, "first")
        first = await ports.queue.lease(notebook.TOPIC, wait_seconds=60)
        assert first is not None
        await asyncio.to_thread(broker.control, rabbitmq, "set_vm_memory_high_watermark", "0.000001")
        try:
            assert await note_all(ports) < DEADLINE_SECONDS
            assert await first.extend() and await first.acknowledge()
            assert await ports.queue.lease(notebook.TOPIC, wait_seconds=2) is None
        finally:
            await asyncio.to_thread(
                broker.control, rabbitmq, "set_vm_memory_high_watermark", "absolute", "512MB"
            )
        for _ in NAMES:
            lease = await ports.queue.lease(notebook.TOPIC, wait_seconds=60)
            assert lease is not None and lease.attempt == 1
            assert await lease.acknowledge()
        assert await ports.queue.depth(notebook.TOPIC) == 0


async def test_a_broker_that_is_blocked_costs_the_relay_no_connection(
    tmp_path: Path, rabbitmq: RabbitMQ, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbit_publishing, "CONFIRM_SECONDS", 2.0)
    async with opened(tmp_path, amqp_url) as ports:
        await notebook.note(ports, "first")
        first = await ports.queue.lease(notebook.TOPIC, wait_seconds=60)
        assert first is not None and await first.acknowledge()
        await asyncio.to_thread(broker.control, rabbitmq, "set_vm_memory_high_watermark", "0.000001")
        with capture_logs() as logs:
            try:
                for name in NAMES[:20]:
                    await notebook.note(ports, name)
                    await asyncio.sleep((ANSWER_SECONDS + 3) / 20)
            finally:
                await asyncio.to_thread(
                    broker.control, rabbitmq, "set_vm_memory_high_watermark", "absolute", "512MB"
                )
            for _ in NAMES[:20]:
                lease = await ports.queue.lease(notebook.TOPIC, wait_seconds=60)
                assert lease is not None and lease.attempt == 1 and await lease.acknowledge()
        assert "rabbitmq_lost" not in {entry["event"] for entry in logs}


async def test_a_broker_that_stands_still_makes_nobody_hang(
    tmp_path: Path, rabbitmq: RabbitMQ, amqp_url: str
) -> None:
    async with opened(tmp_path, amqp_url) as ports:
        await notebook.note(ports, "first")
        first = await ports.queue.lease(notebook.TOPIC, wait_seconds=60)
        assert first is not None
        rabbitmq.pause()
        try:
            assert await note_all(ports) < DEADLINE_SECONDS
            with Stopwatch() as watch:
                with suppress(StorageUnavailable):
                    assert await ports.queue.lease(notebook.TOPIC, wait_seconds=1) is None
                assert await first.extend()
            assert watch.seconds < 12
        finally:
            rabbitmq.resume()
        assert await first.acknowledge()
        for _ in NAMES:
            lease = await ports.queue.lease(notebook.TOPIC, wait_seconds=60)
            assert lease is not None and await lease.acknowledge()


async def test_the_job_of_a_killed_worker_is_retaken_in_seconds(tmp_path: Path, amqp_url: str) -> None:
    async with opened(tmp_path, amqp_url) as ports:
        await notebook.note(ports, "a")
        worker = processes.start(work, tmp_path, amqp_url, 60.0)
        await journal.wait_for_line(tmp_path / STARTED)
        retaking = asyncio.create_task(ports.queue.lease(notebook.TOPIC, wait_seconds=60))
        await asyncio.sleep(0.2)
        with Stopwatch() as watch:
            processes.kill(worker)
            lease = await retaking
        assert lease is not None
        assert (lease.key, lease.token, lease.attempt) == ("a", 2, 2)
        assert watch.seconds < RETAKEN_SECONDS
        assert await lease.acknowledge()


async def test_workers_killed_at_work_leave_every_job_done(tmp_path: Path, amqp_url: str) -> None:
    async with opened(tmp_path, amqp_url) as ports:
        await note_all(ports)
        workers = [processes.start(work, tmp_path, amqp_url, 0.05, NAMES[0]) for _ in range(3)]
        # The first is killed at its work, the others whatever they do.
        at_work = int((await journal.line_of(tmp_path / STARTED, NAMES[0]))[2])
        first = [worker.pid for worker in workers].index(at_work)
        for number in (first, 1, 2, 0, 1):
            processes.kill(workers[number])
            workers[number] = processes.start(work, tmp_path, amqp_url, 0.05, NAMES[0])
            await asyncio.sleep(0.7)
        await depth_is_zero(ports, 120)
        for worker in workers:
            processes.kill(worker)
        async with ports.database.reading() as reader:
            assert await notebook.names(reader, notebook.effects) == NAMES
    tokens: dict[str, list[int]] = {}
    for name, token, _ in journal.lines(tmp_path / STARTED):
        tokens.setdefault(name, []).append(int(token))
    assert any(len(given) > 1 for given in tokens.values())
    assert all(given == sorted(set(given)) for given in tokens.values())
