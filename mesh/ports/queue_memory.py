"""A job queue in memory, for unit tests: the behaviour of the port without its durability."""

import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mesh.ports.changes import Changes
from mesh.ports.leasing import take_when_due
from mesh.ports.outgoing import NewJob
from mesh.ports.queue import LEASE_SECONDS, DeadLetter
from mesh.ports.tables import JobState


@dataclass
class MemoryJob:
    """A job as the queue keeps it; the fields are those of the table `queue_jobs`."""

    new: NewJob
    seq: int
    available: float
    enqueued: float
    state: JobState = JobState.WAITING
    attempt: int = 0
    token: int = 0
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do."""
        return self.state in (JobState.WAITING, JobState.LEASED)


@dataclass(frozen=True)
class MemoryLease:
    """A job taken for a time."""

    topic: str
    key: str
    body: bytes
    token: int
    attempt: int
    headers: Mapping[str, str]
    seconds: float
    job: MemoryJob = field(repr=False)
    queue: "InMemoryQueue" = field(repr=False)

    async def extend(self) -> bool:
        """See `Lease.extend`."""
        return self._change(JobState.LEASED, self.seconds)

    async def acknowledge(self) -> bool:
        """See `Lease.acknowledge`."""
        return self._change(JobState.DONE)

    async def retry(self, delay_seconds: float) -> bool:
        """See `Lease.retry`."""
        return self._change(JobState.WAITING, delay_seconds)

    async def release(self) -> bool:
        """See `Lease.release`."""
        held = self._change(JobState.WAITING)
        self.job.attempt -= held
        return held

    async def reject(self, reason: str) -> bool:
        """See `Lease.reject`."""
        held = self._change(JobState.DEAD)
        if held:
            self.job.reason = reason
        return held

    def _change(self, state: JobState, available_in: float = 0.0) -> bool:
        job, now = self.job, self.queue.now()
        if job.token != self.token or job.state != JobState.LEASED or job.available <= now:
            return False
        job.state = state
        job.available = now + available_in
        self.queue.changes.wake()
        return True


class InMemoryQueue:
    """Keeps jobs in a dictionary.

    Args:
        now: seconds on the clock that leases run by.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.changes = Changes(lambda: 0)
        self._jobs: dict[tuple[str, str], MemoryJob] = {}
        self._seq = itertools.count(1)

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
        self.add(NewJob(topic, key, body, priority, headers or {}))

    def add(self, job: NewJob) -> None:
        """Stores a job unless its topic and key are known."""
        now = self.now()
        self._jobs.setdefault((job.topic, job.key), MemoryJob(job, next(self._seq), now, now))
        self.changes.wake()

    async def lease(
        self, topic: str, *, wait_seconds: float, lease_seconds: float = LEASE_SECONDS
    ) -> MemoryLease | None:
        """See `Queue.lease`."""

        async def take() -> MemoryLease | float:
            waiting = self._open(topic)
            due = [job for job in waiting if job.available <= self.now()]
            if due:
                return self._take(min(due, key=lambda job: (-job.new.priority, job.seq)), lease_seconds)
            return min((job.available - self.now() for job in waiting), default=math.inf)

        return await take_when_due(self.changes, take, wait_seconds)

    async def depth(self, topic: str) -> int:
        """See `Queue.depth`."""
        return len(self._open(topic))

    async def age_seconds(self, topic: str) -> float:
        """See `Queue.age_seconds`."""
        now = self.now()
        unleased = [
            job.enqueued for job in self._open(topic) if job.state != JobState.LEASED or job.available <= now
        ]
        return max(0.0, now - min(unleased, default=now))

    async def dead_letters(self, topic: str) -> Sequence[DeadLetter]:
        """See `Queue.dead_letters`."""
        dead = [job for job in self._jobs.values() if job.new.topic == topic and job.state == JobState.DEAD]
        return [DeadLetter(topic, job.new.key, job.new.body, job.attempt, job.reason) for job in dead]

    async def replay(self, topic: str, key: str) -> bool:
        """See `Queue.replay`."""
        job = self._jobs.get((topic, key))
        if job is None or job.state != JobState.DEAD:
            return False
        job.state, job.available, job.attempt, job.reason = JobState.WAITING, self.now(), 0, ""
        self.changes.wake()
        return True

    async def dead_topics(self) -> Sequence[str]:
        """See `Queue.dead_topics`."""
        return sorted({job.new.topic for job in self._jobs.values() if job.state == JobState.DEAD})

    async def drop(self, topic: str, key: str) -> bool:
        """See `Queue.drop`."""
        job = self._jobs.get((topic, key))
        if job is None or job.state != JobState.DEAD:
            return False
        job.state = JobState.DONE
        return True

    async def close(self) -> None:
        """Does nothing."""

    def _open(self, topic: str) -> list[MemoryJob]:
        return [job for job in self._jobs.values() if job.new.topic == topic and job.is_open]

    def _take(self, job: MemoryJob, lease_seconds: float) -> MemoryLease:
        job.state, job.available = JobState.LEASED, self.now() + lease_seconds
        job.token += 1
        job.attempt += 1
        new = job.new
        return MemoryLease(
            topic=new.topic,
            key=new.key,
            body=new.body,
            token=job.token,
            attempt=job.attempt,
            headers=new.headers,
            seconds=lease_seconds,
            job=job,
            queue=self,
        )
