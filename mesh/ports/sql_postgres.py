"""The relational store on a PostgreSQL server that many processes share."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Self

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    CursorResult,
    Executable,
    MetaData,
    Select,
    String,
    Table,
    and_,
    cast,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mesh.config import ConfigurationError
from mesh.migrations.version import problem, version_of
from mesh.ports import tables
from mesh.ports.outgoing import Outgoing
from mesh.ports.postgres_changes import PostgresChanges
from mesh.ports.postgres_connections import READS, RELAXED, Server, connected, hung_up_in_time, to_end
from mesh.ports.postgres_errors import is_conflict, typed_postgres_errors
from mesh.ports.postgres_holds import PostgresHolds
from mesh.ports.postgres_partitions import change_partitions, drop_old, make_missing, missing, old
from mesh.ports.postgres_replica import Replica
from mesh.ports.retention import remove
from mesh.ports.sql_outgoing import OutgoingWriter

POOL_SIZE = 10
MOST_TRIES = 4
_AHEAD = select(tables.log_epoch.c.ahead).scalar_subquery()


class PostgresReader:
    """A connection whose statements run one after another, also where they are started together."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """See `Reader.execute`."""
        async with self._turn:
            return await run(self._connection, statement, parameters)


class PostgresTransaction(Outgoing):
    """A unit of work at READ COMMITTED. The rows it reads are locked until its end, so that what it writes because
    of them is right: of two that read the same row the second waits, and reads what the first wrote.
    """

    def __init__(
        self, connection: AsyncConnection, now: Callable[[], float], new_id: Callable[[], str]
    ) -> None:
        super().__init__(now, new_id)
        self.concerns_others = False
        self._reader = PostgresReader(connection)

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """See `Reader.execute`."""
        if getattr(statement, "table", None) in tables.metadata.sorted_tables:
            self.concerns_others = True
        return await self._reader.execute(locking(statement), parameters)

    def insert(self, table: Table) -> postgresql.Insert:
        """See `Transaction.insert`."""
        return postgresql.insert(table)


class PostgresDatabase:
    """Where rows live, with the outbox, the job queue and the replies as tables beside those of the services.

    Four tenths of the connections are for transactions, as many for reading, the others for single changes. Two
    more listen and hold locks. A server that restarts ends what is under way with `StorageUnavailable`; what comes
    after that opens new connections.

    Args:
        server: the primary.
        replica: serves what may lag; None: there is none.
        now: seconds since 1970; None: the server's clock, which all processes have in common.
        new_id: ids of events, and of this process.
        pool_size: the most connections.
    """

    def __init__(
        self,
        server: Server,
        replica: Server | None,
        now: Callable[[], float] | None,
        new_id: Callable[[], str],
        pool_size: int = POOL_SIZE,
    ) -> None:
        share = max(1, pool_size * 2 // 5)
        self._writers = server.pool(share)
        self._readers = server.pool(share, READS)
        self._changers = server.pool(max(1, pool_size - 2 * share), RELAXED, autocommit=True)
        self._replica = Replica(replica.pool(share, READS)) if replica else None
        self._holds = PostgresHolds(server.connect)
        self._clock = now
        self._ahead_seconds = 0.0
        self._new_id = new_id
        self._inside: set[asyncio.Task[Any]] = set()
        self.outgoing = OutgoingWriter(postgresql.insert, _number(func.pg_current_xact_id()) + _AHEAD)
        self.changes = PostgresChanges(server.connect, self._notify, new_id())

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        replica_url: str | None = None,
        now: Callable[[], float] | None = None,
        new_id: Callable[[], str],
        pool_size: int = POOL_SIZE,
    ) -> Self:
        """Connects.

        Raises:
            ConfigurationError: the schema is older or newer than this program.
            StorageUnavailable: the server does not answer.
        """
        replica = Server.at(replica_url, is_primary=False) if replica_url else None
        database = cls(Server.at(url), replica, now, new_id, pool_size)
        try:
            await database._set_clock()
            await database._check_schema()
            await database._set_epoch()
            await database._make_partitions()
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def oldest_open(self) -> ColumnElement[int]:
        """See `SqlDatabase.oldest_open`."""
        return _number(func.pg_snapshot_xmin(func.pg_current_snapshot())) + _AHEAD

    def now(self) -> float:
        """See `SqlDatabase.now`.

        Leases are compared between machines whose clocks may differ, so the server's clock counts; how far it is
        ahead of this machine's is measured when the database is opened.
        """
        return time.time() + self._ahead_seconds if self._clock is None else self._clock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """See `Database.transaction`.

        Raises:
            RuntimeError: this task has a transaction open already; it might wait for itself.
            AlreadyRemembered: a repeat of the call was committed first.
        """
        task = asyncio.current_task()
        assert task is not None
        if task in self._inside:
            raise RuntimeError("a transaction is open in this task already; use that one")
        self._inside.add(task)
        try:
            with typed_postgres_errors():
                async with connected(self._writers) as connection:
                    unit = PostgresTransaction(connection, self.now, self._new_id)
                    yield unit
                    await self._commit(unit, connection)
        finally:
            self._inside.discard(task)
        if unit.concerns_others or not unit.is_empty():
            self.changes.wake()

    async def change(
        self, statement: Executable, *, fences: bool = False, wakes: bool = True
    ) -> CursorResult[Any]:
        """See `SqlDatabase.change`."""
        engine = self._writers.execution_options(isolation_level="AUTOCOMMIT") if fences else self._changers
        result = await _tried_again(engine, statement)
        if wakes and result.rowcount:
            self.changes.wake()
        return result

    @asynccontextmanager
    async def reading(self, *, may_lag: bool = False) -> AsyncIterator[PostgresReader]:
        """See `Database.reading`."""
        replica = self._replica if may_lag else None
        if replica is not None and await replica.is_near():
            try:
                async with _reading(replica.engine) as reader:
                    yield reader
            except OSError:
                replica.is_gone()
                raise
        else:
            async with _reading(self._readers) as reader:
                yield reader

    def holding(self, name: str) -> AbstractAsyncContextManager[None]:
        """See `SqlDatabase.holding`. A lost connection is noticed within four seconds."""
        return self._holds.holding(name)

    def insert(self, table: Table) -> postgresql.Insert:
        """See `SqlDatabase.insert`."""
        return postgresql.insert(table)

    async def trim_log(self, before: float) -> int:
        """See `SqlDatabase.trim_log`. Row by row go only events of transactions that had no partition."""
        await self._make_partitions()
        await change_partitions(
            self._writers, lambda below: old(below, before), lambda below: drop_old(below, before)
        )
        handled = select(func.min(tables.subscriptions.c.transaction_id)).scalar_subquery()
        rest = tables.outbox.to_metadata(MetaData(), name="outbox_rest")
        return await remove(self, rest, and_(rest.c.time < before, rest.c.transaction_id < handled))

    async def create_tables(self, metadata: MetaData) -> None:
        """See `Database.create_tables`."""
        with typed_postgres_errors():
            async with self._writers.begin() as connection:
                await connection.run_sync(metadata.create_all)

    async def close(self) -> None:
        """Ends all connections."""
        await self.changes.close()
        await self._holds.close()
        replica = [self._replica.engine] if self._replica else []
        for engine in (self._writers, self._readers, self._changers, *replica):
            await engine.dispose()

    async def _commit(self, unit: PostgresTransaction, connection: AsyncConnection) -> None:
        """Not given up half-way: a commit that is cancelled may have been made or not."""

        async def commit() -> None:
            with hung_up_in_time(connection):
                if not unit.is_empty():
                    await connection.run_sync(lambda below: self.outgoing.write(unit, self.now(), below))
                await connection.commit()

        await to_end(commit())

    async def _check_schema(self) -> None:
        with typed_postgres_errors():
            async with connected(self._readers) as connection:
                wrong = problem(await connection.run_sync(version_of), "DATABASE_URL")
        if wrong is not None:
            raise ConfigurationError([wrong])

    async def _set_epoch(self) -> None:
        """After the log was brought over from a server that was further on, new events still come after the old."""
        highest = [
            select(func.max(table.c.transaction_id)) for table in (tables.outbox, tables.subscriptions)
        ]
        top = func.greatest(*(part.scalar_subquery() for part in highest))
        next_id = _number(func.pg_snapshot_xmax(func.pg_current_snapshot())) + tables.log_epoch.c.ahead
        behind = update(tables.log_epoch).where(top >= next_id)
        await _tried_again(
            self._writers.execution_options(isolation_level="AUTOCOMMIT"),
            behind.values(ahead=tables.log_epoch.c.ahead + top - next_id + 1),
        )

    async def _make_partitions(self) -> None:
        await change_partitions(self._writers, missing, make_missing)

    async def _notify(self, channel: str, payload: str) -> None:
        await _tried_again(self._changers, func.pg_notify(channel, payload).select())

    async def _set_clock(self) -> None:
        async with self.reading() as reader:
            await reader.execute(text("SELECT 1"))
            before = time.time()
            there = (await reader.execute(text("SELECT extract(epoch FROM clock_timestamp())"))).scalar_one()
            self._ahead_seconds = float(there) - (before + time.time()) / 2


def locking(statement: Executable) -> Executable:
    """A query of columns with its rows locked; anything else as it is, what is computed over rows too."""
    if isinstance(statement, Select) and all(isinstance(c, Column) for c in statement.selected_columns):
        return statement.with_for_update()
    return statement


async def run(
    connection: AsyncConnection, statement: Executable, parameters: Any = None
) -> CursorResult[Any]:
    """Runs a statement and reads all its rows."""
    with typed_postgres_errors(), hung_up_in_time(connection):
        return await connection.execute(statement, parameters)


@asynccontextmanager
async def _reading(engine: AsyncEngine) -> AsyncIterator[PostgresReader]:
    with typed_postgres_errors():
        async with connected(engine) as connection:
            yield PostgresReader(connection)


async def _tried_again(engine: AsyncEngine, statement: Executable) -> CursorResult[Any]:
    """Commits a statement; one that met another at a bad time is tried again."""
    with typed_postgres_errors():
        for remaining in reversed(range(MOST_TRIES)):
            try:
                async with connected(engine) as connection:
                    with hung_up_in_time(connection):
                        return await connection.execute(statement)
            except DBAPIError as error:
                if remaining == 0 or not is_conflict(error):
                    raise
    raise AssertionError("unreachable")


def _number(transaction: ColumnElement[Any]) -> ColumnElement[int]:
    """PostgreSQL turns its 64-bit transaction ids into numbers only by way of text."""
    return cast(cast(transaction, String), BigInteger)
