"""Wakes those who wait for a commit to a PostgreSQL database, whichever process made it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import structlog

CHANNEL = "mootion_changes"
ANNOUNCE_SECONDS = 0.002
POLL_SECONDS = 1.0
POLL_DEAF_SECONDS = 0.1
SILENCE_SECONDS = 10.0
ANSWER_SECONDS = 3.0
RECONNECT_SECONDS = 0.5

log = structlog.get_logger(__name__)


class PostgresChanges:
    """A counter that grows when something was committed that others may wait for.

    Commits of this process call `wake`, which tells the other processes by NOTIFY, at most every two
    milliseconds and after the commit: within a transaction it would make all commits of the database wait for
    each other. Whatever gets lost on this way is found by looking once a second, or ten times where the
    connection that listens is lost.

    Args:
        connect: opens a connection for listening.
        notify: sends a payload on the channel.
        name: of this process; what it says itself it has heard already.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable["psycopg.AsyncConnection[Any]"]],
        notify: Callable[[str, str], Awaitable[object]],
        name: str,
    ) -> None:
        self._connect = connect
        self._notify = notify
        self._name = name
        self._version = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._announcing: asyncio.Task[None] | None = None
        self._is_unannounced = False
        self._hears = False
        self._listening = asyncio.create_task(self._listen())

    @property
    def version(self) -> int:
        """To be read before the state that is waited for, and passed to `wait`."""
        return self._version

    def wake(self) -> None:
        """Tells everybody that something was committed."""
        self._heard()
        self._is_unannounced = True
        if self._announcing is None:
            self._announcing = asyncio.create_task(self._announce())

    async def wait(self, version: int, timeout_seconds: float) -> None:
        """See `Commits.wait`. Returns after a second at the latest, since a notice may have been lost."""
        if self._version != version or timeout_seconds <= 0:
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        poll = POLL_SECONDS if self._hears else POLL_DEAF_SECONDS
        try:
            await asyncio.wait([waiting], timeout=min(timeout_seconds, poll))
        finally:
            self._waiting.discard(waiting)
            waiting.cancel()

    async def close(self) -> None:
        """Stops listening and cancels whoever still waits."""
        self._listening.cancel()
        await asyncio.wait([self._listening, *([self._announcing] if self._announcing else [])])
        for waiting in self._waiting:
            waiting.cancel()

    def _heard(self) -> None:
        self._version += 1
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    async def _announce(self) -> None:
        while self._is_unannounced:
            await asyncio.sleep(ANNOUNCE_SECONDS)
            self._is_unannounced = False
            try:
                await self._notify(CHANNEL, self._name)
            except OSError:
                log.warning("change_not_announced", exc_info=True)
        self._announcing = None

    async def _listen(self) -> None:
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._hears = True
                    # What was said while nobody listened.
                    self._heard()
                    await self._hear(connection)
            except (OSError, psycopg.Error):
                log.warning("changes_unheard", exc_info=True)
            self._hears = False
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _hear(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        while True:
            async for notice in connection.notifies(timeout=SILENCE_SECONDS):
                if notice.payload != self._name:
                    self._heard()
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.execute("SELECT 1")
