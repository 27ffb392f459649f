"""The job queue as a table of the database."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, Update, func, or_, select, update

from mesh.ports.leasing import take_when_due
from mesh.ports.outgoing import NewJob
from mesh.ports.queue import LEASE_SECONDS, DeadLetter
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.tables import JobState, queue_jobs

MOST_DEAD_LETTERS = 1000

_jobs = queue_jobs.c


@dataclass(frozen=True)
class SqlLease:
    """A row of the table, taken for a time.

    A change is made only with its token and before its time is over.
    """

    topic: str
    key: str
    body: bytes
    token: int
    attempt: int
    headers: Mapping[str, str]
    seconds: float
    seq: int
    queue: "SqlQueue"

    async def extend(self) -> bool:
        """See `Lease.extend`."""
        return await self.change(available=self.queue.now() + self.seconds)

    async def acknowledge(self) -> bool:
        """See `Lease.acknowledge`. The row stays for a week without its body, so that a repeat is known."""
        return await self.change(state=JobState.DONE, finished=self.queue.now(), body=b"")

    async def retry(self, delay_seconds: float) -> bool:
        """See `Lease.retry`."""
        available = self.queue.now() + delay_seconds
        return await self.change(wakes=True, state=JobState.WAITING, available=available)

    async def release(self) -> bool:
        """See `Lease.release`."""
        return await self.change(
            wakes=True, state=JobState.WAITING, available=self.queue.now(), attempt=_jobs.attempt - 1
        )

    async def reject(self, reason: str) -> bool:
        """See `Lease.reject`."""
        return await self.change(state=JobState.DEAD, finished=self.queue.now(), reason=reason)

    async def change(self, *, wakes: bool = False, **values: Any) -> bool:
        """Changes the row. False: the lease was lost.

        Args:
            wakes: the job can be leased again sooner than those who wait for one know.
        """
        held = update(queue_jobs).where(
            _jobs.seq == self.seq,
            _jobs.token == self.token,
            _jobs.state == JobState.LEASED,
            _jobs.available > self.queue.now(),
        )
        return await self.queue.run(held.values(**values), wakes=wakes) == 1


class SqlQueue:
    """Leases rows of `queue_jobs`. A waiting worker wakes at a commit, or when the next job falls due.

    While one job follows another, each is taken without a look first, which would take no turn to write.
    """

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database
        self.now = database.now
        self._flowing: set[str] = set()

    async def publish(
        self,
        topic: str,
        key: str,
        body: bytes,
        *,
        priority: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """See `Queue.publish`."""
        job = NewJob(topic, key, body, priority, headers or {})
        async with self._database.transaction() as transaction:
            await transaction.execute(self._database.outgoing.job(job, self.now()))

    async def lease(
        self, topic: str, *, wait_seconds: float, lease_seconds: float = LEASE_SECONDS
    ) -> SqlLease | None:
        """See `Queue.lease`."""

        async def take() -> SqlLease | float:
            due_seconds = 0.0 if topic in self._flowing else await self._due_seconds(topic)
            taken = await self._take(topic, lease_seconds) if due_seconds <= 0 else None
            if taken is None:
                self._flowing.discard(topic)
                return due_seconds
            self._flowing.add(topic)
            return taken

        return await take_when_due(self._database.changes, take, wait_seconds)

    async def depth(self, topic: str) -> int:
        """See `Queue.depth`."""
        count = select(func.count()).where(_jobs.topic == topic, _jobs.finished.is_(None))
        async with self._database.reading() as reader:
            return int((await reader.execute(count)).scalar_one())

    async def age_seconds(self, topic: str) -> float:
        """See `Queue.age_seconds`."""
        unleased = or_(_jobs.state != JobState.LEASED, _jobs.available <= self.now())
        oldest = select(func.min(_jobs.enqueued)).where(
            _jobs.topic == topic, _jobs.finished.is_(None), unleased
        )
        async with self._database.reading() as reader:
            enqueued = (await reader.execute(oldest)).scalar()
        return 0.0 if enqueued is None else max(0.0, self.now() - float(enqueued))

    async def dead_letters(self, topic: str) -> Sequence[DeadLetter]:
        """See `Queue.dead_letters`."""
        dead = select(queue_jobs).where(_jobs.topic == topic, _jobs.state == JobState.DEAD)
        async with self._database.reading() as reader:
            rows = (await reader.execute(dead.order_by(_jobs.seq).limit(MOST_DEAD_LETTERS))).all()
        return [DeadLetter(row.topic, row.key, row.body, row.attempt, row.reason) for row in rows]

    async def replay(self, topic: str, key: str) -> bool:
        """See `Queue.replay`."""
        dead = update(queue_jobs).where(_jobs.topic == topic, _jobs.key == key, _jobs.state == JobState.DEAD)
        values = {
            "state": JobState.WAITING,
            "finished": None,
            "attempt": 0,
            "reason": "",
            "available": self.now(),
        }
        return await self.run(dead.values(values)) == 1

    async def dead_topics(self) -> Sequence[str]:
        """See `Queue.dead_topics`."""
        dead = select(_jobs.topic).where(_jobs.finished.is_not(None), _jobs.state == JobState.DEAD)
        async with self._database.reading() as reader:
            return (await reader.execute(dead.distinct().order_by(_jobs.topic))).scalars().all()

    async def drop(self, topic: str, key: str) -> bool:
        """See `Queue.drop`."""
        dead = update(queue_jobs).where(_jobs.topic == topic, _jobs.key == key, _jobs.state == JobState.DEAD)
        return await self.run(dead.values(state=JobState.DONE, finished=self.now(), body=b"")) == 1

    async def close(self) -> None:
        """Does nothing: the connections are the database's."""

    async def run(self, change: Update, *, wakes: bool = True) -> int:
        """Commits one change and tells how many rows it met.

        With the power may go the memory of a lease or its end; then the job is worked on again, as after any
        crash.
        """
        return (await self._database.change(change, wakes=wakes)).rowcount

    async def _due_seconds(self, topic: str) -> float:
        """Seconds until the next job can be leased: not above zero when one can be, infinite without jobs."""
        async with self._database.reading() as reader:
            available = (await reader.execute(first_available(topic))).scalar()
        return math.inf if available is None else float(available) - self.now()

    async def _take(self, topic: str, lease_seconds: float) -> SqlLease | None:
        now = self.now()
        take = (
            update(queue_jobs)
            .where(_jobs.seq == following(topic, now).scalar_subquery())
            .values(
                state=JobState.LEASED,
                token=_jobs.token + 1,
                attempt=_jobs.attempt + 1,
                available=now + lease_seconds,
            )
            .returning(queue_jobs)
        )
        taking = asyncio.ensure_future(self._database.change(take, fences=True, wakes=False))
        try:
            row = (await asyncio.shield(taking)).first()
        except asyncio.CancelledError:
            await self._untake((await taking).first())
            raise
        return None if row is None else self.lease_of(row, lease_seconds)

    async def _untake(self, row: Row[Any] | None) -> None:
        if row is not None:
            await self.lease_of(row, 0.0).release()

    def lease_of(self, row: Row[Any], seconds: float) -> SqlLease:
        """The lease that a row which was just taken stands for."""
        return SqlLease(
            topic=row.topic,
            key=row.key,
            body=row.body,
            token=row.token,
            attempt=row.attempt,
            headers=row.headers,
            seconds=seconds,
            seq=row.seq,
            queue=self,
        )


def first_available(topic: str) -> Select[Any]:
    """When the first open job of a topic can be leased."""
    open_jobs = select(_jobs.available).where(_jobs.topic == topic, _jobs.finished.is_(None))
    return open_jobs.order_by(_jobs.available).limit(1)


def following(topic: str, now: float) -> Select[Any]:
    """The job to lease next, past those that another lease of this moment takes.

    The sum keeps a database from finding all that are due first and sorting them.
    """
    is_due = _jobs.available + 0.0 <= now
    due = select(_jobs.seq).where(_jobs.topic == topic, _jobs.finished.is_(None), is_due)
    return due.order_by(_jobs.priority.desc(), _jobs.seq).limit(1).with_for_update(skip_locked=True)
