"""What the adapters of the relational store share, for the ports that are tables beside those of the services."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy import CursorResult, Executable
from sqlalchemy.dialects import postgresql, sqlite

from mesh.ports.sql import Database, Reader


class Commits(Protocol):
    """Wakes those who wait for a commit, whichever process made it."""

    @property
    def version(self) -> int:
        """To be read before the state that is waited for, and passed to `wait`."""
        ...

    async def wait(self, version: int, timeout_seconds: float) -> None:
        """Returns when something was committed after `version` was read, or when the time is up."""
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

    async def change(self, statement: Executable) -> CursorResult[object]:
        """Commits one statement that may be lost with the power, though not with a killed process."""
        ...

    def holding(self, name: str) -> AbstractAsyncContextManager[None]:
        """Waits until no other process holds the name, and holds it for the block.

        A process that ends, however it ends, holds nothing.
        """
        ...

    def insert(self, table: object) -> sqlite.Insert | postgresql.Insert:
        """An INSERT of the database's dialect, which knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
        ...

    def reading(self, *, may_lag: bool = False) -> AbstractAsyncContextManager[Reader]:
        """See `Database.reading`. With `may_lag`, from a replica where there is one."""
        ...
