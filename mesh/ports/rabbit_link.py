"""A connection to RabbitMQ that is made again when it was lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from mesh.ports.failures import StorageUnavailable

HEARTBEAT_SECONDS = 5
ANSWER_SECONDS = 5.0
CANCEL_AGAIN_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 3.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


class RabbitUnavailable(StorageUnavailable):
    """RabbitMQ does not answer, or the connection was lost; the same call may succeed later."""


class Session:
    """One connection, from when it was made until it is lost. A channel that is closed loses it too.

    `channel` is for declarations and for publishing with confirms.
    """

    def __init__(self, connection: AbstractConnection, channel: AbstractChannel) -> None:
        self.connection = connection
        self.channel = channel
        self.lost = asyncio.Event()
        self._when_lost: list[Callable[[], None]] = []
        connection.close_callbacks.add(self.end)
        channel.close_callbacks.add(self.end)

    def when_lost(self, call: Callable[[], None]) -> None:
        """Has something called once, when the session is lost, though not when it is closed."""
        self._when_lost.append(call)

    async def ask(self, asking: Awaitable[T], seconds: float = ANSWER_SECONDS) -> T:
        """Waits for an answer of the broker.

        What was asked goes on when the caller is cancelled: taking back a question closes the channel, and with
        it everything that was received on it.

        Raises:
            RabbitUnavailable: no answer came in time, or the session was lost; it is over then.
        """
        task = asyncio.ensure_future(asking)
        task.add_done_callback(_look_at)
        await asyncio.wait([task], timeout=seconds)
        if not task.done() or task.cancelled():
            self.end()
            raise RabbitUnavailable(f"RabbitMQ: no answer within {seconds:g} s; repeat later")
        try:
            return task.result()
        except CONNECTION_EXCEPTIONS as error:
            self.end()
            raise RabbitUnavailable("RabbitMQ: the connection was lost; repeat later") from error

    async def open_channel(self) -> AbstractChannel:
        """Another channel, without confirms."""
        channel = self.connection.channel(publisher_confirms=False)
        await self.ask(channel.initialize())
        channel.close_callbacks.add(self.end)
        return channel

    async def close_channel(self, channel: AbstractChannel) -> None:
        """Ends a channel. What was received on it and is not acknowledged goes back into its queue."""
        channel.close_callbacks.discard(self.end)
        if not self.lost.is_set():
            await self.ask(channel.close())

    async def is_blocked(self) -> bool:
        """Whether the broker takes no messages now, for want of memory or disk."""
        transport = self.connection.transport
        if transport is None:
            return False
        # The connection itself is ready from when it is open; only what is below it waits for the broker.
        ready = asyncio.ensure_future(transport.ready())
        ready.add_done_callback(_look_at)
        await asyncio.wait([ready], timeout=0.01)
        return not self.lost.is_set() and ready.cancel()

    def end(self, *_: object) -> None:
        """Gives the session up and closes its connection, without waiting for that."""
        if not self.lost.is_set():
            self.lost.set()
            for call in self._when_lost:
                call()
            asyncio.ensure_future(_closed(self.connection)).add_done_callback(_look_at)

    async def close(self) -> None:
        """Closes the connection."""
        self._when_lost.clear()
        self.lost.set()
        await _closed(self.connection)


class _Connection(aio_pika.Connection):
    """A connection that is closed where it could not be made.

    That of aio-pika closes itself when its memory is freed, which may be when no loop runs any more.
    """

    async def connect(self, timeout: float | None = None) -> None:
        """See `aio_pika.Connection.connect`."""
        try:
            await super().connect(timeout)
        except BaseException:
            await self.close()
            raise


Prepare = Callable[[Session], Awaitable[None]]


class RabbitLink:
    """Keeps one session open for whoever asks.

    Args:
        url: `amqp://` or `amqps://`, with user, password and virtual host.
        name: what the broker shows of this connection.
        prepare: declares on a new session what is to be there.
    """

    def __init__(self, url: str, name: str, prepare: Prepare) -> None:
        # It writes an error for each attempt in vain; this says it once.
        logging.getLogger("aiormq").setLevel(logging.CRITICAL)
        self._url = url
        self._name = name
        self._prepare = prepare
        self._session: Session | None = None
        self._connecting = asyncio.Lock()
        self._is_away = False

    async def session(self, wait_seconds: float) -> Session:
        """The open session. Where there is none, connects, again and again while the time lasts, at least once.

        Raises:
            RabbitUnavailable: the broker did not answer in time.
        """
        session = self._session
        if session is not None and not session.lost.is_set():
            return session
        try:
            async with asyncio.timeout(max(wait_seconds, ANSWER_SECONDS)):
                return await self._connected(asyncio.get_running_loop().time() + wait_seconds)
        except TimeoutError as error:
            raise RabbitUnavailable("RabbitMQ: no connection in time; repeat later") from error

    async def close(self) -> None:
        """Ends the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _connected(self, deadline: float) -> Session:
        async with self._connecting:
            pause = FIRST_PAUSE_SECONDS
            while self._session is None or self._session.lost.is_set():
                try:
                    await _by_itself(self._connect())
                except CONNECTION_EXCEPTIONS as error:
                    if not self._is_away:
                        log.warning("rabbitmq_unavailable", connection=self._name, error=type(error).__name__)
                    self._is_away = True
                    if asyncio.get_running_loop().time() + pause >= deadline:
                        raise RabbitUnavailable("RabbitMQ: no connection; repeat later") from error
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            return self._session

    async def _connect(self) -> None:
        """Opens the session. It is kept also where nobody waits for it any more, so that it is used or closed."""
        connection = await aio_pika.connect(
            self._url,
            timeout=ANSWER_SECONDS,
            heartbeat=HEARTBEAT_SECONDS,
            client_properties=self._properties,
            connection_class=_Connection,
        )
        try:
            channel = connection.channel(on_return_raises=True)
            await channel.initialize(timeout=ANSWER_SECONDS)
            session = Session(connection, channel)
            await self._prepare(session)
        except BaseException:
            await _closed(connection)
            raise
        session.when_lost(lambda: log.warning("rabbitmq_lost", connection=self._name))
        if self._is_away:
            log.info("rabbitmq_back", connection=self._name)
        self._is_away = False
        self._session = session

    @property
    def _properties(self) -> dict[str, Any]:
        return {"connection_name": self._name}


async def _by_itself(work: Coroutine[Any, Any, T]) -> T:
    """Runs what the driver may end as cancelled because its connection was lost.

    To whoever waits that would look as if it had been told to stop itself, and it would.

    Raises:
        RabbitUnavailable: it ended so.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(_look_at)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        raise
    if task.cancelled():
        raise RabbitUnavailable("RabbitMQ: the connection was lost; repeat later")
    return task.result()


async def _closed(connection: AbstractConnection) -> None:
    """Closes a connection that may be gone already, or not answer any more.

    aio-pika, cancelled while it closes a connection, waits for the end of that once more, which may never come: it is
    cancelled until it listens.
    """
    closing = asyncio.ensure_future(connection.close())
    try:
        await asyncio.wait([closing], timeout=ANSWER_SECONDS)
    finally:
        while not closing.done():
            closing.cancel()
            await asyncio.wait([closing], timeout=CANCEL_AGAIN_SECONDS)
    if not closing.cancelled():
        with suppress(*CONNECTION_EXCEPTIONS):
            closing.result()


def _look_at(task: "asyncio.Future[Any]") -> None:
    """Keeps asyncio from complaining of an error that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
