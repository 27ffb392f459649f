"""Subscriptions by RabbitMQ: messages bring the events, the log says which there are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractIncomingMessage

from mesh.ports.event_failures import EventFailures
from mesh.ports.events import Handler
from mesh.ports.events_sql import SqlEvents
from mesh.ports.rabbit_events import EventMessage
from mesh.ports.rabbit_link import RabbitLink, RabbitUnavailable, Session
from mesh.ports.rabbit_topology import declare_subscription
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.sql_log import LoggedEvent, Position, SqlLog

PREFETCH = 64
# What no message came for is looked up in the log this often.
LOOK_SECONDS = 1.0

Messages = asyncio.Queue[AbstractIncomingMessage]


class RabbitEvents(SqlEvents):
    """Durable subscriptions. Of all processes that run one, one holds it and the others stand by.

    A message whose event follows the last one handled is handled from the message. A gap, or a silence, is
    filled from the log, also while RabbitMQ is away.
    """

    def __init__(self, database: SqlDatabase, url: str, name: str = "mootion events") -> None:
        super().__init__(database)
        self._link = RabbitLink(url, name, _prepare)

    async def run(self, subscription: str, handler: Handler) -> None:
        """See `Events.run`. A new subscription starts with the oldest event that is kept."""
        async with self._database.holding(f"{subscription}.subscription"):
            reader = _Reader(self._database, subscription, handler)
            await reader.start()
            while True:
                try:
                    session = await self._link.session(0)
                    async with _consuming(session, subscription) as messages:
                        await reader.follow(session, messages)
                except RabbitUnavailable:
                    await reader.catch_up()
                    await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """Ends the connection."""
        await self._link.close()


class _Reader:
    """One subscription while this process holds it."""

    def __init__(self, database: SqlDatabase, subscription: str, handler: Handler) -> None:
        self._log = SqlLog(database)
        self._failures = EventFailures(database)
        self._subscription = subscription
        self._handler = handler
        self._position = Position()

    async def start(self) -> None:
        """Goes to where the subscription stands, and handles what is in the log already."""
        self._position = await self._log.position(self._subscription)
        await self.catch_up()

    async def follow(self, session: Session, messages: Messages) -> None:
        """Handles what comes, until the session is lost."""
        await self.catch_up()
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while not session.lost.is_set():
            if loop.time() > looked + LOOK_SECONDS:
                await self._failures.handle_again(self._subscription, self._handler)
                looked = loop.time()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    message = await messages.get()
            except TimeoutError:
                await self.catch_up()
                continue
            await self._take(EventMessage.read(message))
            await session.ask(message.ack())

    async def catch_up(self) -> None:
        """Handles everything that is in the log."""
        await self._failures.handle_again(self._subscription, self._handler)
        while (batch := await self._log.after(self._position)).events:
            for logged in batch.events:
                await self._handle(logged)

    async def _take(self, message: EventMessage | None) -> None:
        if message is not None and message.follows == self._position:
            await self._handle(message.logged)
        elif message is None or message.follows > self._position:
            await self.catch_up()

    async def _handle(self, logged: LoggedEvent) -> None:
        await self._failures.handle(self._subscription, logged.new, self._handler)
        self._position = logged.position
        await self._log.move(self._subscription, logged.position)


@asynccontextmanager
async def _consuming(session: Session, subscription: str) -> AsyncIterator[Messages]:
    """The messages of a subscription, by a channel of its own; closing it gives back what was not handled."""
    messages = Messages()
    channel = await session.open_channel()
    try:
        await session.ask(channel.set_qos(PREFETCH))
        queue = await session.ask(declare_subscription(channel, subscription))
        await session.ask(queue.consume(messages.put))
        yield messages
    finally:
        await session.close_channel(channel)


async def _prepare(session: Session) -> None:
    """Each subscription declares its queue."""
