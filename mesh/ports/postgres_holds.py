"""Names that one process at a time holds, by advisory locks of a PostgreSQL session."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
import structlog

from mesh.ports.failures import StorageUnavailable
from mesh.ports.postgres_connections import hang_up, to_end

TAKE_OVER_SECONDS = 0.25
HEARTBEAT_SECONDS = 1.0
ANSWER_SECONDS = 3.0

log = structlog.get_logger(__name__)

Connect = Callable[[], Awaitable["psycopg.AsyncConnection[Any]"]]


class Session:
    """A connection that holds locks. It is asked every second; when it is lost, so is whatever it held."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        self.is_lost = False
        self.holders: set[asyncio.Task[Any]] = set()
        self._connection = connection
        self._heart = asyncio.create_task(self._beat())

    async def ask(self, statement: str, *parameters: object) -> Any:
        """The value a statement gives.

        Raises:
            StorageUnavailable: the connection is lost, and with it everything that was held.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                cursor = await self._connection.execute(statement, parameters)
                row = await cursor.fetchone()
        except (OSError, psycopg.Error) as error:
            self._lose()
            raise _lost() from error
        return None if row is None else row[0]

    async def close(self) -> None:
        """Gives everything free."""
        self._heart.cancel()
        with suppress(asyncio.CancelledError):
            await self._heart
        await self._connection.close()

    async def _beat(self) -> None:
        with suppress(StorageUnavailable):
            while True:
                await asyncio.sleep(HEARTBEAT_SECONDS)
                await self.ask("SELECT 1")

    def _lose(self) -> None:
        if not self.is_lost:
            self.is_lost = True
            log.warning("holds_lost", names=len(self.holders))
            hang_up(self._connection)
            for task in self.holders:
                task.cancel()


class PostgresHolds:
    """Holds names for blocks of code. All names of a process are held by one connection.

    Args:
        connect: opens it.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        self._names: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def holding(self, name: str) -> AsyncIterator[None]:
        """See `SqlDatabase.holding`."""
        # A session may take a lock that it has; within the process the names need locks of their own.
        async with self._names.setdefault(name, asyncio.Lock()):
            session = await self._taken(name)
            task = asyncio.current_task()
            assert task is not None
            before = task.cancelling()
            session.holders.add(task)
            try:
                yield
            except BaseException as error:
                # The cancellation of a lost session ends here, also where it made the block fail in another way.
                is_ours = session.is_lost and task.uncancel() <= before
                if is_ours and isinstance(error, asyncio.CancelledError):
                    raise _lost() from None
                raise
            finally:
                session.holders.discard(task)
                if not session.is_lost:
                    await to_end(_free(session, name))

    async def close(self) -> None:
        """Gives everything free."""
        if self._session is not None:
            await self._session.close()

    async def _taken(self, name: str) -> Session:
        """Looks every quarter of a second whether the name is free, also while the server does not answer."""
        while True:
            try:
                session = await self._opened()
                if await session.ask("SELECT pg_try_advisory_lock(%s)", lock_key(name)):
                    return session
            except (OSError, psycopg.Error) as error:
                log.info("hold_waits", name=name, error=type(error).__name__)
            await asyncio.sleep(TAKE_OVER_SECONDS)

    async def _opened(self) -> Session:
        async with self._opening:
            if self._session is None or self._session.is_lost:
                if self._session is not None:
                    await self._session.close()
                    self._session = None
                self._session = Session(await self._connect())
            return self._session


def lock_key(name: str) -> int:
    """The number by which PostgreSQL knows the lock of a name."""
    return int.from_bytes(hashlib.sha256(f"mootion:{name}".encode()).digest()[:8], "big", signed=True)


async def _free(session: Session, name: str) -> None:
    with suppress(StorageUnavailable):
        await session.ask("SELECT pg_advisory_unlock(%s)", lock_key(name))


def _lost() -> StorageUnavailable:
    return StorageUnavailable(
        "database: the connection that held a name was lost; another process may hold it"
    )
