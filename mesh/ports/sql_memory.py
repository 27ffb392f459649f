"""The relational store in memory, for unit tests: SQLite without a file, fakes for what else goes out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import CursorResult, Executable, MetaData, Table
from sqlalchemy.dialects import sqlite

from mesh.ids import Ids
from mesh.ports.events_memory import InMemoryEvents
from mesh.ports.outgoing import Outgoing
from mesh.ports.queue_memory import InMemoryQueue
from mesh.ports.replies import StoredReply
from mesh.ports.replies_memory import InMemoryReplies
from mesh.ports.sqlite_connection import SqliteConnection, open_engine


class MemoryTransaction(Outgoing):
    """A unit of work on the only connection."""

    def __init__(
        self, connection: SqliteConnection, now: Callable[[], float], new_id: Callable[[], str]
    ) -> None:
        super().__init__(now, new_id)
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """See `Reader.execute`."""
        return await self._connection.execute(statement, parameters)

    def insert(self, table: Table) -> sqlite.Insert:
        """See `Transaction.insert`."""
        return sqlite.insert(table)


class InMemoryDatabase:
    """One connection for readers and writers in turn.

    What is published, enqueued and remembered goes to the fakes `queue`, `events` and `replies`, which a test
    may look into.

    Args:
        now: seconds since 1970.
        new_id: gives ids to events that have none.
    """

    def __init__(self, now: Callable[[], float] = time.time, new_id: Callable[[], str] | None = None) -> None:
        self.queue = InMemoryQueue(now)
        self.events = InMemoryEvents()
        self.replies = InMemoryReplies()
        self._now = now
        self._new_id = new_id or Ids().new
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self._executor = ThreadPoolExecutor(1)
        self._connection = SqliteConnection(open_engine(None, "BEGIN"), self._executor)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        """See `Database.transaction`."""
        async with self._alone():
            unit = MemoryTransaction(self._connection, self._now, self._new_id)
            yield unit
            self._send(unit)
            await self._connection.commit()

    @asynccontextmanager
    async def reading(self, *, may_lag: bool = False) -> AsyncIterator[SqliteConnection]:
        """See `Database.reading`. Unlike a real one it cannot be opened inside a transaction."""
        async with self._alone():
            yield self._connection

    async def create_tables(self, metadata: MetaData) -> None:
        """See `Database.create_tables`."""
        async with self._alone():
            await self._connection.run(metadata.create_all)
            await self._connection.commit()

    async def close(self) -> None:
        """Forgets everything."""
        self._connection.close()
        self._executor.shutdown(wait=False)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        if self._holder is task:
            raise RuntimeError("a unit of work is open in this task already; use that one")
        async with self._lock:
            self._holder = task
            try:
                yield
            finally:
                self._connection.rollback()
                self._holder = None

    def _send(self, outgoing: Outgoing) -> None:
        """Replies go first: a repeat of the call ends the unit of work before anything else left it."""
        for new in outgoing.replies:
            request, stored = new.request, StoredReply(new.request.body_hash, new.reply)
            self.replies.add(request.principal, request.method, request.request_id, stored)
        for event in outgoing.events:
            self.events.append(event)
        for job in outgoing.jobs:
            self.queue.add(job)
