"""What has been kept long enough goes, and nothing else."""

import asyncio

from mootion.event.v1 import event_pb2
from sqlalchemy import insert

from mesh.ports.open_ports import Ports
from mesh.ports.queue import LEASE_SECONDS
from mesh.ports.retention import KEPT_SECONDS, sweep
from mesh.ports.sql_sqlite import SqliteDatabase
from mesh.ports.tables import replies
from tests.integration.ports import notebook
from tests.integration.ports.seconds import Seconds


async def test_what_is_older_than_a_week_is_swept_unless_somebody_needs_it(
    ports: Ports, seconds: Seconds
) -> None:
    assert isinstance(ports.database, SqliteDatabase)
    await notebook.note(ports, "old")
    lease = await ports.queue.lease(notebook.TOPIC, wait_seconds=0)
    assert lease is not None and await lease.acknowledge()
    seconds.now += KEPT_SECONDS + LEASE_SECONDS
    await notebook.note(ports, "new")
    await sweep(ports.database)
    assert await notebook.counts(ports) == {"replies": 1, "queue_jobs": 1, "outbox": 2}
    await _handle_all(ports)
    await sweep(ports.database)
    assert await notebook.counts(ports) == {"replies": 1, "queue_jobs": 1, "outbox": 1}
    assert await ports.events.wait_until_handled("notebook", 0)


async def test_a_dead_letter_is_never_swept(ports: Ports, seconds: Seconds) -> None:
    assert isinstance(ports.database, SqliteDatabase)
    await ports.queue.publish(notebook.TOPIC, "a", b"")
    lease = await ports.queue.lease(notebook.TOPIC, wait_seconds=0)
    assert lease is not None and await lease.reject("reason")
    seconds.now += 10 * KEPT_SECONDS
    await sweep(ports.database)
    assert len(await ports.queue.dead_letters(notebook.TOPIC)) == 1


async def test_more_than_a_thousand_rows_are_swept(ports: Ports, seconds: Seconds) -> None:
    assert isinstance(ports.database, SqliteDatabase)
    row = {"principal": "ada", "method": "/a", "body_hash": b"", "reply": b"", "time": seconds.now}
    async with ports.database.transaction() as tx:
        await tx.execute(insert(replies), [{**row, "request_id": str(n)} for n in range(2500)])
    seconds.now += KEPT_SECONDS + 1
    assert await sweep(ports.database) == 2500


async def _handle_all(ports: Ports) -> None:
    async def handle(event: event_pb2.Event) -> None:
        return None

    running = asyncio.create_task(ports.events.run("notebook", handle))
    assert await ports.events.wait_until_handled("notebook", 60)
    running.cancel()
    await asyncio.wait([running])
