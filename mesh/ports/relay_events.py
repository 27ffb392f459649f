"""Publishes the event log to RabbitMQ, in order."""

import asyncio

import structlog
from aio_pika.abc import AbstractExchange

from mesh.ports.rabbit_events import EventMessage
from mesh.ports.rabbit_link import RabbitLink, RabbitUnavailable, Session
from mesh.ports.rabbit_publishing import publish
from mesh.ports.rabbit_topology import declare_events
from mesh.ports.relay_pace import apart
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.sql_log import Batch, Position, SqlLog

BATCH = 256
IDLE_SECONDS = 60.0
UNSETTLED_SECONDS = 0.01
PAUSE_SECONDS = 1.0

log = structlog.get_logger(__name__)


class EventRelay:
    """Publishes each event with its place in the log and the place before, so that a gap is seen.

    Begins with what is committed from now on: what came before, subscribers find in the log.
    """

    def __init__(self, database: SqlDatabase, link: RabbitLink) -> None:
        self._database = database
        self._link = link
        self._log = SqlLog(database)
        self._opened: tuple[Session, AbstractExchange] | None = None

    async def run(self) -> None:
        """Relays until cancelled."""
        position = await self._log.end()
        while True:
            looked, seen = asyncio.get_running_loop().time(), self._database.changes.version
            try:
                batch = await self._log.after(position, BATCH)
                if batch.events:
                    position = await self._publish(position, batch)
                    continue
            except RabbitUnavailable:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            except OSError:
                log.warning("events_not_relayed", exc_info=True)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if batch.is_unsettled:
                await asyncio.sleep(UNSETTLED_SECONDS)
            else:
                await self._database.changes.wait(seen, IDLE_SECONDS)
                await apart(looked)

    async def _open(self) -> tuple[Session, AbstractExchange]:
        """Declares once for each session: a broker that is blocked answers nobody who publishes."""
        session = await self._link.session(PAUSE_SECONDS)
        if self._opened is None or self._opened[0] is not session:
            self._opened = session, await session.ask(declare_events(session.channel))
        return self._opened

    async def _publish(self, position: Position, batch: Batch) -> Position:
        """Publishes events; gives the position of the last before the first that was not confirmed."""
        session, exchange = await self._open()
        before = [position, *(logged.position for logged in batch.events)]
        messages = [
            EventMessage(logged, follows).message()
            for logged, follows in zip(batch.events, before[:-1], strict=True)
        ]
        confirmed = await publish(session, exchange, messages, mandatory=False)
        count = (*confirmed, False).index(False)
        if count < len(confirmed):
            log.warning("events_not_confirmed", events=len(confirmed) - count)
            await asyncio.sleep(PAUSE_SECONDS)
        return before[count]
