"""The job queue on RabbitMQ: a message hands out a job, and the job's row says how it stands."""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import structlog
from sqlalchemy import ColumnElement, Row, and_, or_, update

from mesh.ports.queue import LEASE_SECONDS
from mesh.ports.queue_sql import SqlLease, SqlQueue
from mesh.ports.rabbit_inbox import LOOK_SECONDS, Inbox
from mesh.ports.rabbit_letter import Letter
from mesh.ports.rabbit_link import RabbitLink, RabbitUnavailable, Session
from mesh.ports.rabbit_topology import Notice
from mesh.ports.relay_jobs import IDLE_SECONDS
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.tables import JobState, queue_jobs

# How long a worker that lost its connection has to say that it lives.
GRACE_SECONDS = 2.0
# Brokers take back what is held for half an hour. Long before that a lease stands on its row alone.
HOLD_SECONDS = 20 * 60.0
PAUSE_SECONDS = 0.2

_jobs = queue_jobs.c

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RabbitLease(SqlLease):
    """A leased row, and the message by which it was leased."""

    letter: Letter

    async def extend(self) -> bool:
        """See `Lease.extend`."""
        if not self.letter.is_settled and self.letter.age_seconds > HOLD_SECONDS:
            return await self._settling(self.stand_alone())
        return await super().extend()

    async def acknowledge(self) -> bool:
        """See `Lease.acknowledge`."""
        return await self._settling(super().acknowledge())

    async def retry(self, delay_seconds: float) -> bool:
        """See `Lease.retry`."""
        return await self._settling(super().retry(delay_seconds))

    async def release(self) -> bool:
        """See `Lease.release`."""
        return await self._settling(super().release())

    async def reject(self, reason: str) -> bool:
        """See `Lease.reject`."""
        return await self._settling(super().reject(reason))

    async def stand_alone(self) -> bool:
        """Extends the lease, and says in the row that it no longer stands on its message.

        Whoever gets the message next knows by that that this worker lives.
        """
        return await self.change(available=self.queue.now() + self.seconds, message="")

    async def _settling(self, change: Awaitable[bool]) -> bool:
        """The row first. Whatever became of it, the message has done its work."""
        try:
            return await change
        finally:
            await self.letter.settle()


class RabbitQueue(SqlQueue):
    """Leases rows by messages, which the relay publishes.

    A message is taken with `basic.get`, which takes one and no more: a consumer would be given messages while
    nobody waits, and RabbitMQ 3 counts each that it hands back as a delivery. To know when to look, a worker that
    waits listens for the bell that the relay rings after it has published.
    """

    def __init__(self, database: SqlDatabase, url: str, name: str = "mootion jobs") -> None:
        super().__init__(database)
        self._link = RabbitLink(url, name, self._prepare)
        self._inbox: Inbox | None = None
        self._leases: WeakValueDictionary[str, RabbitLease] = WeakValueDictionary()
        self._errands: set[asyncio.Task[None]] = set()

    async def lease(
        self, topic: str, *, wait_seconds: float, lease_seconds: float = LEASE_SECONDS
    ) -> RabbitLease | None:
        """See `Queue.lease`.

        Raises:
            RabbitUnavailable: RabbitMQ did not answer until the wait was over.
            StorageUnavailable: the database did not answer. The job that was at hand is published again.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        was_rung = True
        while True:
            try:
                inbox = await self._open(max(0.0, deadline - loop.time()))
                rung = await inbox.bells.listen(topic)
                lease = await self._look(inbox, topic, lease_seconds, peek=not was_rung)
                remaining = deadline - loop.time()
                if lease is not None or remaining <= 0:
                    return lease
                was_rung = await inbox.bells.wait(topic, rung, min(remaining, LOOK_SECONDS))
                if not was_rung and loop.time() >= deadline:
                    return None
            except RabbitUnavailable:
                if loop.time() + PAUSE_SECONDS >= deadline:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)

    async def close(self) -> None:
        """Ends the connection. What is leased still is given to others."""
        for errand in self._errands:
            errand.cancel()
        await self._link.close()

    async def _prepare(self, session: Session) -> None:
        self._inbox = Inbox(session)
        session.when_lost(self._stand_alone)

    async def _open(self, wait_seconds: float) -> Inbox:
        await self._link.session(wait_seconds)
        assert self._inbox is not None
        return self._inbox

    async def _look(
        self, inbox: Inbox, topic: str, lease_seconds: float, *, peek: bool
    ) -> RabbitLease | None:
        """Takes a job where there is one; releases it when the caller was cancelled meanwhile."""
        taking = asyncio.ensure_future(self._first(inbox, topic, lease_seconds, peek=peek))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.wait([taking])
            with suppress(OSError):
                lease = taking.result()
                if lease is not None:
                    await lease.release()
            raise

    async def _first(
        self, inbox: Inbox, topic: str, lease_seconds: float, *, peek: bool
    ) -> RabbitLease | None:
        while (letter := await inbox.next(topic, peek=peek)) is not None:
            lease = await self._claim(letter, lease_seconds)
            if lease is not None:
                return lease
        return None

    async def _claim(self, letter: Letter, lease_seconds: float) -> RabbitLease | None:
        """Leases the row that a message names, unless it is done, leased or waits for its time."""
        now = self.now()
        claim = (
            update(queue_jobs)
            .where(_named(letter.notice), _jobs.finished.is_(None))
            .where(or_(_jobs.state == JobState.RELAYED, _jobs.available <= now))
            .values(
                state=JobState.LEASED,
                token=_jobs.token + 1,
                attempt=_jobs.attempt + 1,
                available=now + lease_seconds,
                message=letter.id,
            )
            .returning(queue_jobs)
        )
        try:
            # The relay looks once a second by itself; of a lease that is over sooner it has to be told.
            is_short = lease_seconds < IDLE_SECONDS
            row = (await self._database.change(claim, fences=True, wakes=is_short)).first()
        except OSError:
            # Handed back, it would count as delivered. Without its message the row is published again.
            await letter.settle()
            raise
        if row is not None:
            return self._lease_by(letter, row, lease_seconds)
        self._run(self._doubt(letter) if letter.is_redelivered else letter.settle())
        return None

    def _lease_by(self, letter: Letter, row: Row[Any], lease_seconds: float) -> RabbitLease:
        lease = RabbitLease(**vars(self.lease_of(row, lease_seconds)), letter=letter)
        self._leases[letter.id] = lease
        return lease

    async def _doubt(self, letter: Letter) -> None:
        """Leaves the lease that stands on a message which came back two seconds more, since its worker is gone.

        The row says so at once: whoever doubts may be killed meanwhile too, and the next one would begin anew. A worker
        that only lost its connection has that time to extend its lease.
        """
        until = self.now() + GRACE_SECONDS
        stands = and_(_jobs.state == JobState.LEASED, _jobs.message == letter.id, _jobs.available > until)
        if await self.run(update(queue_jobs).where(_named(letter.notice), stands).values(available=until)):
            log.warning("worker_gone", topic=letter.notice.topic, key=letter.notice.key)
        await letter.settle()

    def _stand_alone(self) -> None:
        for lease in list(self._leases.values()):
            if not lease.letter.is_settled:
                self._run(lease.stand_alone())

    def _run(self, errand: Coroutine[Any, Any, object]) -> None:
        """Does something beside. Where the database does not answer, leases run out by themselves."""

        async def done() -> None:
            try:
                await errand
            except OSError:
                log.warning("queue_unavailable", exc_info=True)

        task = asyncio.create_task(done())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)


def _named(notice: Notice) -> ColumnElement[bool]:
    return and_(_jobs.topic == notice.topic, _jobs.key == notice.key)
