"""The smallest service: it notes a name, once for each request id, and tells a worker and a subscriber."""

from mootion.event.v1 import event_pb2
from sqlalchemy import Column, Insert, Integer, MetaData, String, Table, exists, func, insert, literal, select

from mesh.idempotency import IdempotentRequest, serving
from mesh.ports.open_ports import Ports
from mesh.ports.replies import AlreadyRemembered
from mesh.ports.sql import Reader, Transaction
from mesh.ports.tables import outbox, queue_jobs, replies

TOPIC = "test.note"
METHOD = "/test.Notebook/Note"

metadata = MetaData()
notes = Table("test_notes", metadata, Column("name", String, nullable=False))
effects = Table(
    "test_effects",
    metadata,
    Column("name", String, primary_key=True),
    Column("token", Integer, nullable=False),
)
attempts = Table(
    "test_attempts",
    metadata,
    Column("name", String, nullable=False),
    Column("token", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
)
seen = Table("test_seen", metadata, Column("event_id", String, primary_key=True))


async def note(ports: Ports, name: str) -> None:
    """Notes a name; a repeat does nothing."""
    if await ports.replies.recall("ada", METHOD, name) is not None:
        return
    request = IdempotentRequest("ada", METHOD, name, b"hash")
    try:
        with serving(lambda: request):
            async with ports.database.transaction() as tx:
                await tx.execute(insert(notes).values(name=name))
                tx.enqueue(TOPIC, event_pb2.DocumentReady(document_id=name), key=name)
                tx.publish(event_pb2.Event(owner_id=name))
                tx.remember(event_pb2.DocumentReady(document_id=name))
    except AlreadyRemembered:
        return


async def accept(tx: Transaction, name: str, token: int) -> bool:
    """Takes the result of a job as its service would: once, and from no token below the highest seen."""
    highest = select(func.max(attempts.c.token)).where(attempts.c.name == name)
    known = (await tx.execute(highest)).scalar() or 0
    accepted = token >= known
    await tx.execute(insert(attempts).values(name=name, token=token, accepted=accepted))
    if accepted:
        await tx.execute(_insert_once(effects, name=name, token=token))
    return accepted


async def mark_seen(tx: Transaction, event_id: str) -> None:
    """Notes that a subscriber had an event; a repeat does nothing."""
    await tx.execute(_insert_once(seen, event_id=event_id))


def _insert_once(table: Table, **values: object) -> Insert:
    """A row, unless there is one of its key; on any database."""
    known = exists().where(table.columns[0] == next(iter(values.values())))
    return insert(table).from_select(list(values), select(*map(literal, values.values())).where(~known))


async def names(reader: Reader, table: Table) -> list[str]:
    """First column of a table, sorted."""
    return sorted((await reader.execute(select(table.columns[0]))).scalars())


async def counts(ports: Ports) -> dict[str, int]:
    """Rows of the tables of the mesh."""
    async with ports.database.reading() as reader:
        return {
            table.name: (await reader.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (replies, queue_jobs, outbox)
        }
