"""Connections to a PostgreSQL server: how they are opened, pooled and found dead."""

import asyncio
import os
import select
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import URL, make_url
from sqlalchemy.event import listen
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

CONNECT_SECONDS = 3
POOL_WAIT_SECONDS = 5.0
STATEMENT_SECONDS = 10.0
LOCK_SECONDS = 5.0
# For the server to say that a statement took too long; after that the connection counts as lost.
LAST_WORDS_SECONDS = 2.0

# A dead peer is noticed by either side within about ten seconds.
_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_SESSION = {
    "statement_timeout": int(STATEMENT_SECONDS * 1000),
    "lock_timeout": int(LOCK_SECONDS * 1000),
    "idle_in_transaction_session_timeout": 60_000,
    "tcp_keepalives_idle": 5,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 3,
    "jit": "off",
}
READS = {"default_transaction_isolation": "repeatable\\ read", "default_transaction_read_only": "on"}
# A killed server process may lose the last of such commits, never their order.
RELAXED = {"synchronous_commit": "off"}


@dataclass(frozen=True)
class Server:
    """Where a database is, and how to talk to it."""

    url: URL
    is_primary: bool = True

    @classmethod
    def at(cls, url: str, *, is_primary: bool = True) -> "Server":
        """From `postgresql://user:password@host:port/database`; several hosts may be listed as libpq has it."""
        return cls(make_url(url), is_primary)

    def pool(
        self, size: int, session: dict[str, Any] | None = None, *, autocommit: bool = False
    ) -> AsyncEngine:
        """At most `size` connections, opened when needed; whoever needs one more waits five seconds.

        Args:
            size: the most connections.
            session: settings of the server for these connections.
            autocommit: each statement is a transaction of its own.
        """
        engine = create_async_engine(
            self.url.set(drivername="postgresql+psycopg"),
            pool_size=size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_recycle=1800,
            pool_use_lifo=True,
            use_native_hstore=False,
            connect_args=self._arguments(session or {}),
            isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
        )
        listen(engine.sync_engine, "checkout", _check)
        return engine

    async def connect(self) -> "psycopg.AsyncConnection[Any]":
        """A connection of its own whose statements are transactions, for what lasts."""
        plain = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        arguments = self._arguments({})
        return await psycopg.AsyncConnection.connect(plain, autocommit=True, **arguments)

    def _arguments(self, session: dict[str, Any]) -> dict[str, Any]:
        options = " ".join(f"-c {name}={value}" for name, value in {**_SESSION, **session}.items())
        given = self.url.query.get("options", "")
        return {
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "mootion",
            "target_session_attrs": "primary" if self.is_primary else "any",
            "options": f"{options} {given}".strip(),
            **_KEEPALIVE,
        }


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection of a pool. What was not committed at the end is rolled back, also where nobody answers."""
    connection = await _checked_out(engine)
    try:
        yield connection
    finally:
        await to_end(_close(connection))


async def _checked_out(engine: AsyncEngine) -> AsyncConnection:
    """Not given up half-way, or the connection would never come back to the pool."""
    connecting = asyncio.ensure_future(engine.connect().start())
    cancelled = await _ended(connecting)
    if cancelled is None:
        return connecting.result()
    if not connecting.cancelled() and connecting.exception() is None:
        await to_end(_close(connecting.result()))
    raise cancelled


@contextmanager
def hung_up_in_time(connection: AsyncConnection) -> Iterator[None]:
    """Gives a connection up whose server says nothing for longer than any statement may take."""
    raw = connection.sync_connection
    if raw is None or raw.invalidated or raw.closed:
        yield
        return
    driver = raw.connection.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    seconds = STATEMENT_SECONDS + LAST_WORDS_SECONDS
    timer = asyncio.get_running_loop().call_later(seconds, hang_up, driver)
    try:
        yield
    finally:
        timer.cancel()


def hang_up(driver: "psycopg.AsyncConnection[Any]") -> None:
    """Ends the conversation below libpq, which then says so itself.

    `finish` would free what a statement that waits for its answer goes on to use.
    """
    if driver.closed:
        return
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(driver.pgconn.socket)) as below:
        below.shutdown(socket.SHUT_RDWR)


async def _close(connection: AsyncConnection) -> None:
    with hung_up_in_time(connection):
        await connection.close()


async def to_end(work: Coroutine[Any, Any, None]) -> None:
    """Lets work end that is of no use half done, such as a commit or a rollback, however often one is cancelled
    meanwhile: by a caller who gives up and again by a server that stops. The cancellation goes on afterwards."""
    running = asyncio.ensure_future(work)
    cancelled = await _ended(running)
    if cancelled is not None:
        raise cancelled from None if running.cancelled() else running.exception()
    running.result()


async def _ended(running: "asyncio.Future[Any]") -> asyncio.CancelledError | None:
    """Waits for the end of what runs by itself; gives the last of the cancellations that came meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    return cancelled


def _check(adapted: Any, record: Any, proxy: Any) -> None:
    """A server that shut down or restarted has closed its side, which shows without a question to it."""
    connection = adapted.driver_connection
    if connection.closed or _has_something_to_say(connection.pgconn.socket):
        raise InvalidatePoolError


def _has_something_to_say(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
