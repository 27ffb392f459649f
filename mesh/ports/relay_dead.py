"""Sets jobs apart whose message RabbitMQ delivered too often."""

import asyncio

import structlog
from aio_pika.abc import AbstractIncomingMessage
from sqlalchemy import and_, or_, update

from mesh.ports.rabbit_link import RabbitLink
from mesh.ports.rabbit_topology import DELIVERY_LIMIT, Notice, declare_dead
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.tables import JobState, queue_jobs

REASON = f"its message was delivered more than {DELIVERY_LIMIT} times and never settled"
PAUSE_SECONDS = 1.0

_jobs = queue_jobs.c

log = structlog.get_logger(__name__)


class DeadRelay:
    """Takes messages from the queue of dead letters, and has their rows say so.

    Attempts are counted in the rows and end a job long before; this is for what happens before a row is leased.
    """

    def __init__(self, database: SqlDatabase, link: RabbitLink) -> None:
        self._database = database
        self._link = link

    async def run(self) -> None:
        """Relays until cancelled."""
        while True:
            try:
                session = await self._link.session(PAUSE_SECONDS)
                queue = await session.ask(declare_dead(session.channel))
                await session.ask(queue.consume(self._take))
                await session.lost.wait()
            except OSError:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        notice = Notice.read(message)
        stands = and_(_jobs.state == JobState.LEASED, _jobs.message == (message.message_id or ""))
        dead = update(queue_jobs).where(
            _jobs.topic == notice.topic,
            _jobs.key == notice.key,
            or_(_jobs.state == JobState.RELAYED, stands),
        )
        values = {"state": JobState.DEAD, "finished": self._database.now(), "reason": REASON}
        while not message.channel.is_closed:
            try:
                result = await self._database.change(dead.values(values))
            except OSError:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if result.rowcount:
                log.error("job_dead", topic=notice.topic, key=notice.key, reason=REASON)
            await message.ack()
            return
