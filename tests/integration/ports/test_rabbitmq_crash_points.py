"""A process with the relay, killed at each step of its work in turn and started again, ends with every effect once."""

import asyncio
import os
import signal
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from mootion.event.v1 import event_pb2
from sqlalchemy import text

from mesh.config import Settings
from mesh.consuming import Consumer, Consuming
from mesh.ports import relay_events, relay_jobs
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Lease
from mesh.ports.rabbit_link import Session
from mesh.ports.rabbit_publishing import publish
from mesh.ports.sql_sqlite import SqliteDatabase
from mesh.tracing import Tracing
from tests.integration.ports import notebook, processes
from tests.relaying import relaying

LEASE_SECONDS = 0.5
SUBSCRIPTION = "notebook"
# Of the 27 or so that a run takes.
STEPS = range(1, 28, 3)


async def serve_once(folder: Path, amqp_url: str, crash_at: int) -> None:
    """Notes `a`, relays and works on its job, handles its event; dies after `crash_at` steps."""
    ports = await open_ports(Settings(data_dir=folder, amqp_url=amqp_url))
    await ports.database.create_tables(notebook.metadata)
    _crash(crash_at)
    until = asyncio.Event()

    async def handle(lease: Lease) -> None:
        async with ports.database.transaction() as tx:
            await notebook.accept(tx, lease.key, lease.token)

    async def subscriber(event: event_pb2.Event) -> None:
        async with ports.database.transaction() as tx:
            await notebook.mark_seen(tx, event.event_id)

    await notebook.note(ports, "a")
    consumer = Consumer(notebook.TOPIC, handle, lease_seconds=LEASE_SECONDS)
    async with relaying(ports):
        tasks = [
            asyncio.create_task(ports.events.run(SUBSCRIPTION, subscriber)),
            asyncio.create_task(Consuming(ports.queue, Tracing(), consumer).run(until)),
        ]
        await finished(ports)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    await ports.close()


async def finished(ports: Ports) -> None:
    async with asyncio.timeout(90):
        while await ports.queue.depth(notebook.TOPIC):  # noqa: ASYNC110 - looks like any other reader
            await asyncio.sleep(0.01)
        assert await ports.events.wait_until_handled(SUBSCRIPTION, 60)


def _crash(crash_at: int) -> None:
    """Counts what was asked of the broker, published or changed from here on, and dies right after one of it."""
    step = 0
    ask, change = Session.ask, SqliteDatabase.change

    async def counted(work: Awaitable[Any]) -> Any:
        nonlocal step
        result = await work
        step += 1
        if step == crash_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    def counted_ask(self: Session, *arguments: Any, **options: Any) -> Any:
        return counted(ask(self, *arguments, **options))

    def counted_change(self: SqliteDatabase, *arguments: Any, **options: Any) -> Any:
        return counted(change(self, *arguments, **options))

    def counted_publish(*arguments: Any, **options: Any) -> Any:
        return counted(publish(*arguments, **options))

    Session.ask = counted_ask  # type: ignore[method-assign]
    SqliteDatabase.change = counted_change  # type: ignore[method-assign]
    for module in (relay_jobs, relay_events):
        vars(module)["publish"] = counted_publish


@pytest.mark.parametrize("crash_at", STEPS)
async def test_a_crash_after_any_step_is_made_good_by_a_restart(
    tmp_path: Path, amqp_url: str, crash_at: int
) -> None:
    crashed = processes.start(serve_once, tmp_path, amqp_url, crash_at)
    crashed.join(120)
    assert crashed.exitcode in (-signal.SIGKILL, 0)
    restarted = processes.start(serve_once, tmp_path, amqp_url, 0)
    restarted.join(120)
    assert restarted.exitcode == 0
    ports = await open_ports(Settings(data_dir=tmp_path, amqp_url=amqp_url))
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.notes) == ["a"]
        assert await notebook.names(reader, notebook.effects) == ["a"]
        assert len(await notebook.names(reader, notebook.seen)) == 1
        states = (await reader.execute(text("SELECT state FROM queue_jobs"))).scalars()
        assert list(states) == ["DONE"]
    await ports.close()
