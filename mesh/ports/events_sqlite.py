"""The event log in the SQLite database: the outbox is the log, a subscription is a position in it."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import FileIO
from typing import Any

from mootion.event.v1 import event_pb2
from sqlalchemy import Row, func, select
from sqlalchemy.dialects.sqlite import insert

from mesh.ports.events import Handler
from mesh.ports.handling import handle_until_done
from mesh.ports.outgoing import NewEvent
from mesh.ports.sql_sqlite import SqliteDatabase
from mesh.ports.tables import outbox, subscriptions

BATCH = 64
IDLE_SECONDS = 60.0
TAKE_OVER_SECONDS = 0.25


class SqliteEvents:
    """Durable subscriptions. Of all processes that run one, one holds it and the others stand by.

    Holding is a lock on a file, which the kernel releases when its process ends, however it ends.
    """

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def run(self, subscription: str, handler: Handler) -> None:
        """See `Events.run`. A new subscription starts with the oldest event that is kept."""
        async with self._holding(subscription):
            position = await self._position(subscription)
            while True:
                seen = self._database.changes.version
                rows = await self._after(position)
                for row in rows:
                    new = NewEvent(event_pb2.Event.FromString(row.body), row.headers)
                    await handle_until_done(subscription, new, handler)
                    position = row.seq
                    await self._move(subscription, position)
                if not rows:
                    await self._database.changes.wait(seen, IDLE_SECONDS)

    async def wait_until_handled(self, subscription: str, timeout_seconds: float) -> bool:
        """See `Events.wait_until_handled`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        target = await self._last()
        while True:
            seen = self._database.changes.version
            if await self._position(subscription) >= target:
                return True
            remaining = deadline - loop.time()
            if remaining <= 0:
                return False
            await self._database.changes.wait(seen, remaining)

    async def _after(self, position: int) -> Sequence[Row[Any]]:
        statement = select(outbox).where(outbox.c.seq > position).order_by(outbox.c.seq).limit(BATCH)
        async with self._database.reading() as reader:
            return (await reader.execute(statement)).all()

    async def _last(self) -> int:
        async with self._database.reading() as reader:
            return (await reader.execute(select(func.max(outbox.c.seq)))).scalar() or 0

    async def _position(self, subscription: str) -> int:
        statement = select(subscriptions.c.position).where(subscriptions.c.name == subscription)
        async with self._database.reading() as reader:
            return (await reader.execute(statement)).scalar() or 0

    async def _move(self, subscription: str, position: int) -> None:
        statement = insert(subscriptions).values(name=subscription, position=position)
        async with self._database.transaction() as transaction:
            await transaction.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_={"position": position})
            )

    @asynccontextmanager
    async def _holding(self, subscription: str) -> AsyncIterator[None]:
        path = self._database.path.with_name(f"{self._database.path.name}.{subscription}.subscription")
        with FileIO(path, "w") as file:
            await _locked(file)
            yield


async def _locked(file: FileIO) -> None:
    """Polls, since a lock that blocks would need a thread that nothing can cancel."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            await asyncio.sleep(TAKE_OVER_SECONDS)
