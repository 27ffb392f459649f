"""The relational store on one SQLite file that several processes may open."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import CursorResult, Executable, MetaData

from mesh.ports import tables
from mesh.ports.changes import Changes
from mesh.ports.outgoing import Outgoing
from mesh.ports.sqlite_connection import BUSY_TIMEOUT_SECONDS, SqliteConnection, open_engine
from mesh.ports.sqlite_outgoing import write_outgoing
from mesh.ports.write_turn import WriteTurn

READERS = 4


class SqliteTransaction(Outgoing):
    """A unit of work on the only writing connection of the process."""

    def __init__(
        self, connection: SqliteConnection, now: Callable[[], float], new_id: Callable[[], str]
    ) -> None:
        super().__init__(now, new_id)
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """See `Reader.execute`."""
        return await self._connection.execute(statement, parameters)


class SqliteDatabase:
    """Where rows live, with the outbox, the job queue and the replies as tables beside those of the services.

    One connection writes, under a lock that waits in order of arrival; four read. Another process that writes
    at the same time is waited for at most ten seconds (`StorageUnavailable`). Events and jobs go into their
    tables in the transaction that publishes them, so nothing has to be relayed: they are there exactly when
    the commit is.
    """

    def __init__(
        self,
        path: Path,
        turn: WriteTurn,
        executor: ThreadPoolExecutor,
        now: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self.now = now
        self.path = path
        self._turn = turn
        self._executor = executor
        self._new_id = new_id
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self._writer = SqliteConnection(open_engine(path, "BEGIN IMMEDIATE"), self._executor)
        engine = open_engine(path, "BEGIN", query_only=True)
        self._readers = [SqliteConnection(engine, self._executor) for _ in range(READERS)]
        self._free: asyncio.LifoQueue[SqliteConnection] = asyncio.LifoQueue()
        for reader in self._readers:
            self._free.put_nowait(reader)
        self._watcher = sqlite3.connect(path, timeout=0.1, isolation_level=None)
        self.changes = Changes(self._data_version)

    @classmethod
    async def open(cls, path: Path, *, now: Callable[[], float], new_id: Callable[[], str]) -> Self:
        """Opens or creates the file and the mesh's own tables.

        Raises:
            OSError: the file cannot be created or locked.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        executor = ThreadPoolExecutor(READERS + 2, thread_name_prefix="sqlite")
        turn = WriteTurn(path.with_name(path.name + ".lock"), executor, BUSY_TIMEOUT_SECONDS)
        async with turn:  # Turning WAL on does not wait for others by itself.
            database = cls(path, turn, executor, now, new_id)
        await database.create_tables(tables.metadata)
        return database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqliteTransaction]:
        """See `Database.transaction`.

        Raises:
            RuntimeError: this task has a transaction open already; it would wait for itself.
            AlreadyRemembered: a repeat of the call was committed first.
        """
        task = asyncio.current_task()
        if self._holder is task:
            raise RuntimeError("a transaction is open in this task already; use that one")
        async with self._writing():
            self._holder = task
            try:
                unit = SqliteTransaction(self._writer, self.now, self._new_id)
                yield unit
                await write_outgoing(self._writer, unit, self.now())
            finally:
                self._holder = None
        self.changes.wake()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqliteConnection]:
        """See `Database.reading`. A fifth reader waits for one of the four connections."""
        reader = await self._free.get()
        try:
            yield reader
        finally:
            reader.rollback()
            self._free.put_nowait(reader)

    async def create_tables(self, metadata: MetaData) -> None:
        """See `Database.create_tables`."""
        async with self._writing():
            await self._writer.run(metadata.create_all)
            await self._writer.commit()

    async def close(self) -> None:
        """Waits for the open unit of work and closes all connections."""
        self.changes.close()
        async with self._lock:
            for connection in (self._writer, *self._readers):
                connection.close()
            self._watcher.close()
            self._turn.close()
        self._executor.shutdown(wait=False)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        """Only one task of one process at a time; what it did not commit is rolled back."""
        async with self._lock, self._turn:
            try:
                yield
            finally:
                self._writer.rollback()

    def _data_version(self) -> int:
        try:
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.OperationalError:
            return -1
