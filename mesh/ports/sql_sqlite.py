"""The relational store on one SQLite file that several processes may open."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, CursorResult, Executable, MetaData, Table, and_, func, literal, select
from sqlalchemy.dialects import sqlite

from mesh.config import ConfigurationError
from mesh.migrations.version import embedded_schema, newest, problem, version_of
from mesh.ports.changes import Changes
from mesh.ports.failures import StorageUnavailable
from mesh.ports.outgoing import Outgoing
from mesh.ports.retention import remove
from mesh.ports.sql_outgoing import OutgoingWriter
from mesh.ports.sqlite_connection import BUSY_TIMEOUT_SECONDS, SqliteConnection, buffered, open_engine
from mesh.ports.sqlite_turn import locked, locked_in_time
from mesh.ports.sqlite_writer import SqliteWriter, WriteUnit, lock_path
from mesh.ports.tables import outbox, subscriptions

READERS = 4


class SqliteTransaction(Outgoing):
    """A unit of work. The file is locked from its first statement, or else only for the commit."""

    def __init__(self, unit: WriteUnit, now: Callable[[], float], new_id: Callable[[], str]) -> None:
        super().__init__(now, new_id)
        self._unit = unit

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """See `Reader.execute`."""
        return await self._unit.execute(statement, parameters)

    def insert(self, table: Table) -> sqlite.Insert:
        """See `Transaction.insert`."""
        return sqlite.insert(table)


class SqliteDatabase:
    """Where rows live, with the outbox, the job queue and the replies as tables beside those of the services.

    One connection writes, four read. Another process that writes at the same time is waited for at most ten
    seconds (`StorageUnavailable`). Events and jobs go into their tables in the transaction that publishes
    them, so nothing has to be relayed: they are there exactly when the commit is.
    """

    # Commits come one after another, in the order of the numbers that their rows have.
    oldest_open = None

    def __init__(self, path: Path, now: Callable[[], float], new_id: Callable[[], str]) -> None:
        self.now = now
        self.path = path
        self.outgoing = OutgoingWriter(sqlite.insert, literal(0))
        self.writer = SqliteWriter(path)
        self._new_id = new_id
        self._holder: asyncio.Task[Any] | None = None
        self._executor = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        engine = open_engine(path, "BEGIN", query_only=True)
        self._readers = [SqliteConnection(engine, self._executor) for _ in range(READERS)]
        self._free: asyncio.LifoQueue[SqliteConnection] = asyncio.LifoQueue()
        for reader in self._readers:
            self._free.put_nowait(reader)
        self._watcher = sqlite3.connect(path, timeout=0.1, isolation_level=None)
        self.changes = Changes(self._data_version)

    @classmethod
    async def open(cls, path: Path, *, now: Callable[[], float], new_id: Callable[[], str]) -> Self:
        """Opens or creates the file, and brings its tables to the newest step of the history.

        One process at a time: SQLite does not wait for others when it turns WAL on.

        Raises:
            ConfigurationError: a later version of this program made the tables.
            StorageUnavailable: the file is no database, or another process kept it locked.
            OSError: the file cannot be made.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileIO(lock_path(path), "a") as lock:
            if not await locked_in_time(lock, BUSY_TIMEOUT_SECONDS):
                raise StorageUnavailable(f"database: another process locks {path.name}; end it and repeat")
            database = cls(path, now, new_id)
        try:
            async with database.writer.unit() as unit:
                await unit.commit(_migrate)
        except BaseException:
            await database.close()
            raise
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
        async with self.writer.unit() as unit:
            self._holder = task
            try:
                transaction = SqliteTransaction(unit, self.now, self._new_id)
                yield transaction
                if unit.has_begun or not transaction.is_empty():
                    await unit.commit(partial(self.outgoing.write, transaction, self.now()))
            finally:
                self._holder = None
        self.changes.wake()

    async def change(
        self, statement: Executable, *, fences: bool = False, wakes: bool = True
    ) -> CursorResult[Any]:
        """See `SqlDatabase.change`. The power goes for every process at once, so a fencing token needs no more.

        Whatever a transaction commits later is lost first, since both go into one log in order.
        """
        async with self.writer.unit(durable=False) as unit:
            result = await unit.commit(partial(buffered, statement=statement, parameters=None))
        if wakes and result.rowcount:
            self.changes.wake()
        return result

    @asynccontextmanager
    async def reading(self, *, may_lag: bool = False) -> AsyncIterator[SqliteConnection]:
        """See `Database.reading`. A fifth reader waits for one of the four connections."""
        reader = await self._free.get()
        try:
            yield reader
        finally:
            reader.rollback()
            self._free.put_nowait(reader)

    @asynccontextmanager
    async def holding(self, name: str) -> AsyncIterator[None]:
        """See `SqlDatabase.holding`. A lock on a file, which the kernel releases when its process ends."""
        with FileIO(self.path.with_name(f"{self.path.name}.{name}"), "w") as file:
            await locked(file)
            yield

    def insert(self, table: Table) -> sqlite.Insert:
        """See `SqlDatabase.insert`."""
        return sqlite.insert(table)

    async def trim_log(self, before: float) -> int:
        """See `SqlDatabase.trim_log`."""
        handled = select(func.min(subscriptions.c.position)).scalar_subquery()
        return await remove(self, outbox, and_(outbox.c.time < before, outbox.c.seq <= handled))

    async def create_tables(self, metadata: MetaData) -> None:
        """See `Database.create_tables`."""
        async with self.writer.unit() as unit:
            await unit.commit(metadata.create_all)

    async def close(self) -> None:
        """Waits for the open unit of work and closes all connections."""
        self.changes.close()
        await self.writer.close()
        for connection in self._readers:
            connection.close()
        self._watcher.close()
        self._executor.shutdown(wait=False)

    def _data_version(self) -> int:
        try:
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.OperationalError:
            return -1


def _migrate(connection: Connection) -> None:
    found = version_of(connection)
    if found == newest():
        return
    if found is not None and found > newest():
        raise ConfigurationError([str(problem(found, "MOOTION_DATA_DIR"))])
    schema = embedded_schema() if found is None else []
    for statement in schema:
        connection.exec_driver_sql(statement)
    if not schema:
        # Imported here: it takes a fifth of a second, and is needed once after an update of the program.
        from mesh.migrations.apply import migrate

        migrate(connection)
