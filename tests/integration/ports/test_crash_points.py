"""A process killed at each step of its work in turn, and started again, ends with every effect once."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mootion.event.v1 import event_pb2
from sqlalchemy import text

from mesh.config import Settings
from mesh.consuming import Consumer, Consuming
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Lease
from mesh.ports.sqlite_connection import SqliteConnection
from mesh.tracing import Tracing
from tests.integration.ports import notebook, processes

LEASE_SECONDS = 0.1
SUBSCRIPTION = "notebook"


async def serve_once(folder: Path, crash_at: int) -> None:
    """Notes `a`, works on its job, handles its event; dies after the database has seen `crash_at` steps."""
    ports = await open_ports(Settings(data_dir=folder))
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
    async with asyncio.timeout(60):
        while await ports.queue.depth(notebook.TOPIC):  # noqa: ASYNC110 - looks like any other reader
            await asyncio.sleep(0.01)
        assert await ports.events.wait_until_handled(SUBSCRIPTION, 60)


def _crash(crash_at: int) -> None:
    """Counts what reaches the database from here on, and kills the process right after one of it."""
    step = 0
    guarded = SqliteConnection._guarded

    def counted(self: SqliteConnection, work: Callable[..., Any]) -> object:
        nonlocal step
        step += 1
        result = guarded(self, work)
        if step == crash_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    SqliteConnection._guarded = counted  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize("crash_at", range(1, 29))
async def test_a_crash_after_any_step_is_made_good_by_a_restart(tmp_path: Path, crash_at: int) -> None:
    crashed = processes.start(serve_once, tmp_path, crash_at)
    crashed.join(120)
    assert crashed.exitcode in (-signal.SIGKILL, 0)
    restarted = processes.start(serve_once, tmp_path, 0)
    restarted.join(120)
    assert restarted.exitcode == 0
    ports = await open_ports(Settings(data_dir=tmp_path))
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.notes) == ["a"]
        assert await notebook.names(reader, notebook.effects) == ["a"]
        assert len(await notebook.names(reader, notebook.seen)) == 1
        for table in ("replies", "queue_jobs", "outbox", "subscriptions"):
            assert (await reader.execute(text(f"SELECT count(*) FROM {table}"))).scalar() == 1
        assert (await reader.execute(text("SELECT state FROM queue_jobs"))).scalar() == "DONE"
    await ports.close()
