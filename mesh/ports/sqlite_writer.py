"""The writing side of a process: one unit of work at a time, in turn with other processes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Executable

from mesh.ports.failures import StorageUnavailable
from mesh.ports.sqlite_connection import BUSY_TIMEOUT_SECONDS, SqliteConnection, buffered, open_engine
from mesh.ports.sqlite_turn import Turn

T = TypeVar("T")


class WriteUnit:
    """What is done between the first statement, which waits for this process's turn, and the commit."""

    def __init__(self, connection: SqliteConnection, turn: Turn, longest_wait_seconds: float) -> None:
        self._connection = connection
        self._turn = turn
        self._longest_wait_seconds = longest_wait_seconds

    @property
    def has_begun(self) -> bool:
        """Whether a statement was run."""
        return self._turn.is_taken

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Runs a statement.

        Raises:
            StorageUnavailable: another process did not end its writing in time.
            StorageFull: no room is left.
        """
        work = partial(buffered, statement=statement, parameters=parameters)
        if self.has_begun:
            return await self._connection.run(work)
        return await self._begin(work)

    async def commit(self, work: Callable[[Connection], T]) -> T:
        """Runs the last work and commits, without a way back once begun; then it is the next one's turn."""
        last = partial(self._committed, work)
        if self.has_begun:
            return await self._connection.run(last, interruptible=False)
        return await self._begin(last)

    def end(self) -> None:
        """Rolls back what was not committed."""
        if self.has_begun:
            self._connection.rollback()
            self._turn.free()

    def _committed(self, work: Callable[[Connection], T], connection: Connection) -> T:
        result = work(connection)
        connection.commit()
        self._turn.free()
        return result

    async def _begin(self, work: Callable[[Connection], T]) -> T:
        """Waits for the turn and works in one go. Stops waiting when it takes too long or is cancelled."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._longest_wait_seconds
        future = self._connection.submit(partial(self._in_turn, work))
        cancelled: asyncio.CancelledError | None = None
        while not future.done():
            try:
                remaining = None if self.has_begun else max(0.0, deadline - loop.time())
                await asyncio.wait([future], timeout=remaining)
            except asyncio.CancelledError as error:
                cancelled = error
            if not future.done() and (cancelled or loop.time() >= deadline) and self._turn.give_up():
                raise cancelled or StorageUnavailable(self._why())
        if cancelled is not None:
            raise cancelled from future.exception()
        results = future.result()
        if not results:
            raise RuntimeError("this transaction has ended; open another")
        return results[0]

    def _in_turn(self, work: Callable[[Connection], T], connection: Connection) -> tuple[T, ...]:
        """Gives nothing where the turn was given up."""
        return (work(connection),) if self._turn.take() else ()

    def _why(self) -> str:
        waited = f"{self._longest_wait_seconds:g} s"
        return f"database: another process has been writing for {waited}; repeat later"


class SqliteWriter:
    """Two connections that write, never both at once: the second does not wait for the disk.

    Args:
        path: the database.
        longest_wait_seconds: how long to wait for other processes.
    """

    def __init__(self, path: Path, longest_wait_seconds: float = BUSY_TIMEOUT_SECONDS) -> None:
        self.longest_wait_seconds = longest_wait_seconds
        self._file = FileIO(lock_path(path), "a")
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._lock = asyncio.Lock()
        self._durable = SqliteConnection(open_engine(path, "BEGIN IMMEDIATE"), self._executor)
        relaxed = open_engine(path, "BEGIN IMMEDIATE", synchronous="NORMAL")
        self._relaxed = SqliteConnection(relaxed, self._executor)

    @asynccontextmanager
    async def unit(self, *, durable: bool = True) -> AsyncIterator[WriteUnit]:
        """Opens a unit of work; those of one process wait in order of arrival.

        Args:
            durable: whether what is committed survives the loss of power, and not only a killed process.
        """
        connection = self._durable if durable else self._relaxed
        async with self._lock:
            unit = WriteUnit(connection, Turn(self._file), self.longest_wait_seconds)
            try:
                yield unit
            finally:
                unit.end()

    async def close(self) -> None:
        """Waits for the open unit of work and closes the connections."""
        async with self._lock:
            self._durable.close()
            self._relaxed.close()
            self._file.close()
        self._executor.shutdown(wait=False)


def lock_path(path: Path) -> Path:
    """The file beside a database that processes lock while they write."""
    return path.with_name(path.name + ".lock")
