"""One connection to a SQLite file, used from asyncio through a thread.

Threads rather than aiosqlite: a statement took 0.14 ms instead of 0.39 ms, since fetching its rows costs no
second hop between threads.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, create_engine, event
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mesh.ports.failures import DescriptorsExhausted, StorageFull, StorageUnavailable
from mesh.ports.threads import run_to_end

BUSY_TIMEOUT_SECONDS = 10.0
_CANNOT_GROW = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_TRUNCATE)

T = TypeVar("T")


class SqliteConnection:
    """A connection whose statements run on a thread of the executor, one at a time.

    A cancelled call interrupts the running statement, and returns when the thread has let go of the
    connection.
    """

    def __init__(self, engine: Engine, executor: Executor) -> None:
        with typed_sqlite_errors():
            self._connection = engine.connect()
        self._executor = executor

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Runs a statement, opening a transaction where none is open; rows are read before it returns."""
        return await self.run(lambda connection: buffered(connection, statement, parameters))

    async def run(self, work: Callable[[Connection], T], *, interruptible: bool = True) -> T:
        """Runs work with the connection on the thread.

        Raises:
            StorageFull, StorageUnavailable, DescriptorsExhausted: SQLite said so.
        """
        on_cancel = self.driver.interrupt if interruptible else None
        return await run_to_end(partial(self._guarded, work), self._executor, on_cancel)

    def submit(self, work: Callable[[Connection], T]) -> "asyncio.Future[T]":
        """Starts work with the connection on the thread; whoever cares for the future waits for its end."""
        return asyncio.get_running_loop().run_in_executor(self._executor, self._guarded, work)

    async def commit(self) -> None:
        """Commits the open transaction; once begun it is not interrupted."""
        await self.run(Connection.commit, interruptible=False)

    def rollback(self) -> None:
        """Rolls back the open transaction, if there is one. It touches only memory, so it needs no thread."""
        self._connection.rollback()

    @property
    def driver(self) -> sqlite3.Connection:
        """The connection of the driver below."""
        connection = self._connection.connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _guarded(self, work: Callable[[Connection], T]) -> T:
        with typed_sqlite_errors():
            return work(self._connection)


def open_engine(
    path: Path | None, begin: str, *, query_only: bool = False, synchronous: str = "FULL"
) -> Engine:
    """An engine on the file, or on a database in memory, whose transactions open with the statement `begin`.

    WAL with `synchronous=FULL`: a commit that returned survives the loss of power and not only a killed
    process. `NORMAL` survives only the latter; FULL cost 0.35 ms a commit where it was measured.
    """

    def connect() -> sqlite3.Connection:
        connection = _connect(path)
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute(f"PRAGMA query_only={'ON' if query_only else 'OFF'}")
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _connect(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(
        ":memory:" if path is None else path,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA cache_size=-4000")
    connection.execute("PRAGMA journal_size_limit=67108864")
    return connection


def buffered(connection: Connection, statement: Executable, parameters: Any) -> CursorResult[Any]:
    """Runs a statement and reads all its rows, so that the result needs the connection no more."""
    result = connection.execute(statement, parameters)
    if result.returns_rows:
        result.cursor_strategy = FullyBufferedCursorFetchStrategy(result.cursor)
    return result


@contextmanager
def typed_sqlite_errors() -> Iterator[None]:
    """Gives what SQLite says of a full disk, a busy file or too many open files the classes of `failures`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        failure = _failure(error.orig if isinstance(error, DBAPIError) else error)
        if failure is None:
            raise
        raise failure from error


def _failure(error: BaseException | None) -> OSError | None:
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    if code == sqlite3.SQLITE_FULL or extended in _CANNOT_GROW:
        return StorageFull("database: no room is left to write; free some and repeat")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StorageUnavailable(f"database: another process kept it locked for {BUSY_TIMEOUT_SECONDS:g} s")
    if code == sqlite3.SQLITE_CANTOPEN:
        return DescriptorsExhausted("database: one of its files cannot be opened; repeat later")
    if code == sqlite3.SQLITE_IOERR:
        return StorageUnavailable("database: the disk does not answer; look at the logs of the machine")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StorageUnavailable("database: the file is damaged or none of SQLite; restore the last backup")
    return None
