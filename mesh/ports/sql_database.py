"""What the adapters of the relational store share, for the ports that are tables beside those of the services."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from sqlalchemy import ColumnElement, CursorResult, Executable, Table

from mesh.ports.sql import Database
from mesh.ports.sql_outgoing import Insert, OutgoingWriter


class Commits(Protocol):
    """Wakes those who wait for a commit, whichever process made it."""

    @property
    def version(self) -> int:
        """To be read before the state that is waited for, and passed to `wait`."""
        ...

    async def wait(self, version: int, timeout_seconds: float) -> None:
        """Returns when something was committed after `version` was read, or when the time is up.

        It may return sooner: look at the state again, and wait again.
        """
        ...


class SqlDatabase(Database, Protocol):
    """A relational store whose commits can be waited for, and whose locks processes can hold."""

    @property
    def changes(self) -> Commits:
        """Commits that published, enqueued or settled something."""
        ...

    def now(self) -> float:
        """Seconds since 1970, the same clock for every process."""
        ...

    async def change(
        self, statement: Executable, *, fences: bool = False, wakes: bool = True
    ) -> CursorResult[Any]:
        """Commits one statement that may be lost with the power, though not with a killed process.

        Args:
            wakes: somebody may wait for it; where nobody does, waking all who wait for something costs more than the
                statement itself.
            fences: the statement gives out a fencing token, which must not be given out again when the server
                of the database breaks down and this process does not.
        """
        ...

    def holding(self, name: str) -> AbstractAsyncContextManager[None]:
        """Waits until no other process holds the name, and holds it for the block.

        A process that ends, however it ends, holds nothing. Where the database no longer answers, so that
        another process may hold the name by now, the block is cancelled and ends with `StorageUnavailable`.
        """
        ...

    @property
    def outgoing(self) -> OutgoingWriter:
        """Makes the statements by which jobs, events and replies become rows."""
        ...

    def insert(self, table: Table) -> Insert:
        """An INSERT of the database's dialect, which knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
        ...

    @property
    def oldest_open(self) -> ColumnElement[int] | None:
        """The lowest transaction id that may yet be committed; None where commits follow the numbers of rows.

        Rows of `outbox` with a lower `transaction_id` are all there are; none is added among them any more.
        """
        ...

    async def trim_log(self, before: float) -> int:
        """Makes room for new events, and removes those from before a time that every subscription has handled.

        Returns:
            How many rows were removed one by one; those that went with a whole partition are not counted.
        """
        ...
