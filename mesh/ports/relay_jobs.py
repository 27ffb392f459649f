"""Publishes to RabbitMQ the jobs whose rows wait, and again those whose message was lost."""

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import structlog
from aio_pika import Message
from aio_pika.abc import AbstractExchange
from sqlalchemy import ColumnElement, Row, Select, and_, func, not_, or_, select, update

from mesh.ports.rabbit_link import RabbitLink, RabbitUnavailable, Session
from mesh.ports.rabbit_publishing import publish
from mesh.ports.rabbit_topology import URGENT, Notice, declare_bell, declare_dead, declare_jobs, queue_name
from mesh.ports.relay_pace import apart
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.tables import JobState, queue_jobs

BATCH = 256
# After this a row whose job nobody has leased is looked after: is its message still there?
RELAYED_SECONDS = 30.0
# So that a long queue is not rewritten all the time.
SECONDS_FOR_EACH_IN_FRONT = 0.01
IDLE_SECONDS = 1.0
PAUSE_SECONDS = 1.0

_jobs = queue_jobs.c
_OPEN = _jobs.finished.is_(None)

log = structlog.get_logger(__name__)

Queue = tuple[str, bool]


class JobRelay:
    """Publishes rows that wait, in batches; a row becomes RELAYED after the broker confirmed its message.

    A crash in between publishes it twice: the second message finds the row leased or done.
    """

    def __init__(
        self, database: SqlDatabase, link: RabbitLink, relayed_seconds: float = RELAYED_SECONDS
    ) -> None:
        self._database = database
        self._link = link
        self._relayed_seconds = relayed_seconds
        self._session: Session | None = None
        self._declared: set[Queue] = set()
        self._bell: AbstractExchange | None = None

    async def run(self) -> None:
        """Relays until cancelled."""
        while True:
            looked, seen = asyncio.get_running_loop().time(), self._database.changes.version
            try:
                wait_seconds = await self._due_seconds()
                if wait_seconds <= 0:
                    await self._relay()
                    continue
            except RabbitUnavailable:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            except OSError:
                log.warning("jobs_not_relayed", exc_info=True)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            await self._database.changes.wait(seen, min(wait_seconds, IDLE_SECONDS))
            await apart(looked)

    async def _relay(self) -> None:
        """Publishes what is due, at most one batch."""
        now = self._database.now()
        rows = await self._rows(_due(now))
        fresh = [row for row in rows if row.state != JobState.RELAYED]
        doubtful = {_queue_of(row) for row in rows if row.state == JobState.RELAYED}
        if fresh:
            await self._publish(sorted(fresh, key=lambda row: row.seq), now)
        for topic, urgent in doubtful:
            await self._look_after(topic, urgent)

    async def _look_after(self, topic: str, urgent: bool) -> None:
        """Publishes again as many rows as there are messages missing in a queue, the oldest first."""
        session = await self._open()
        queue = await session.ask(declare_jobs(session.channel, topic, urgent=urgent))
        ready = queue.declaration_result.message_count or 0
        relayed = and_(_OPEN, _jobs.state == JobState.RELAYED, _jobs.topic == topic, _is_urgent(urgent))
        rows = (await self._rows(select(func.count().label("relayed")).where(relayed)))[0].relayed
        now = self._database.now()
        if rows > ready:
            log.info("messages_missing", topic=topic, urgent=urgent, rows=rows, messages=ready)
            missing = (
                select(queue_jobs).where(relayed).order_by(_jobs.available).limit(min(rows - ready, BATCH))
            )
            await self._publish(await self._rows(missing), now)
        else:
            later = now + self._relayed_seconds + rows * SECONDS_FOR_EACH_IN_FRONT
            await self._change(and_(relayed, _jobs.available <= now), available=later)

    async def _publish(self, rows: Sequence[Row[Any]], now: float) -> None:
        session = await self._open()
        for queue in {_queue_of(row) for row in rows} - self._declared:
            await session.ask(declare_jobs(session.channel, queue[0], urgent=queue[1]))
            self._declared.add(queue)
        confirmed = await publish(
            session, session.channel.default_exchange, [_message(row) for row in rows], mandatory=True
        )
        done = [row for row, is_confirmed in zip(rows, confirmed, strict=True) if is_confirmed]
        if done:
            await self._ring(session, {_queue_of(row) for row in done})
            # A row that was leased meanwhile, or more than that, stays as it is.
            unleased = or_(_jobs.state == JobState.RELAYED, _jobs.available <= now)
            these = and_(_jobs.seq.in_([row.seq for row in done]), _OPEN, unleased)
            later = self._database.now() + self._relayed_seconds
            await self._change(these, state=JobState.RELAYED, available=later)
        if len(done) < len(rows):
            # A queue may be gone.
            self._declared.clear()
            log.warning("jobs_not_confirmed", jobs=len(rows) - len(done))
            await asyncio.sleep(PAUSE_SECONDS)

    async def _open(self) -> Session:
        session = await self._link.session(PAUSE_SECONDS)
        if session is not self._session:
            self._declared.clear()
            await session.ask(declare_dead(session.channel))
            self._bell = await session.ask(declare_bell(await session.open_channel()))
            self._session = session
        return session

    async def _ring(self, session: Session, queues: set[Queue]) -> None:
        """Where it fails, workers find what was published when they look by themselves."""
        assert self._bell is not None
        with suppress(RabbitUnavailable):
            for topic, urgent in queues:
                sound = Message(URGENT if urgent else b"")
                await session.ask(self._bell.publish(sound, topic, mandatory=False))

    async def _due_seconds(self) -> float:
        first = select(_jobs.available).where(_OPEN).order_by(_jobs.available).limit(1)
        rows = await self._rows(first)
        return float(rows[0].available) - self._database.now() if rows else math.inf

    async def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async with self._database.reading() as reader:
            return (await reader.execute(statement)).all()

    async def _change(self, which: ColumnElement[bool], **values: Any) -> None:
        await self._database.change(update(queue_jobs).where(which).values(**values), wakes=False)


def _due(now: float) -> Select[Any]:
    columns = (_jobs.seq, _jobs.topic, _jobs.key, _jobs.priority, _jobs.attempt, _jobs.state)
    return select(*columns).where(_OPEN, _jobs.available <= now).order_by(_jobs.available).limit(BATCH)


def _queue_of(row: Row[Any]) -> Queue:
    """A job that was begun comes before those that were not, or one whose worker died would wait behind all of them."""
    return row.topic, row.priority > 0 or row.attempt > 0


def _is_urgent(urgent: bool) -> ColumnElement[bool]:
    either = or_(_jobs.priority > 0, _jobs.attempt > 0)
    return either if urgent else not_(either)


def _message(row: Row[Any]) -> tuple[str, Message]:
    topic, urgent = _queue_of(row)
    return queue_name(topic, urgent=urgent), Notice(topic, row.key).message(uuid4().hex)
