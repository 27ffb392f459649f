"""Durable work queues with leases: a job is lost by nobody's crash and done by one worker at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

LEASE_SECONDS = 15.0


@dataclass(frozen=True)
class DeadLetter:
    """A job set apart: what named it, its message, how often it was tried and why it was rejected."""

    topic: str
    key: str
    body: bytes
    attempt: int
    reason: str


class Lease(Protocol):
    """A job handed to one worker for a time.

    `token` grows with every lease of the job and fences late writers off.
    """

    @property
    def topic(self) -> str:
        """Queue the job came from."""
        ...

    @property
    def key(self) -> str:
        """What names the job within its topic."""
        ...

    @property
    def body(self) -> bytes:
        """The serialized job message."""
        ...

    @property
    def token(self) -> int:
        """Fencing token, at least 1."""
        ...

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Trace context of whoever enqueued the job."""
        ...

    async def extend(self) -> bool:
        """Makes the lease last one lease time from now. False: the lease was lost, stop the work."""
        ...

    async def acknowledge(self) -> bool:
        """Ends the job as done. False: the lease was lost."""
        ...

    async def retry(self, delay_seconds: float) -> bool:
        """Gives the job back, to be leased again after the delay. False: the lease was lost."""
        ...

    async def release(self) -> bool:
        """Gives the job back at once, without counting the attempt: for a worker that stops.

        False: the lease was lost.
        """
        ...

    async def reject(self, reason: str) -> bool:
        """Sets the job apart as a dead letter. False: the lease was lost."""
        ...


class Queue(Protocol):
    """Named queues of jobs. Jobs get in through `Transaction.enqueue` and the outbox relay."""

    async def publish(
        self,
        topic: str,
        key: str,
        body: bytes,
        *,
        priority: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Stores a job. A job whose topic and key are known already is left as it is."""
        ...

    async def lease(
        self, topic: str, *, wait_seconds: float, lease_seconds: float = LEASE_SECONDS
    ) -> Lease | None:
        """Takes the next job, highest priority first, then oldest; waits for one at most so long.

        A lease that is not extended for `lease_seconds` is lost, and the job is leased again. A call that is
        cancelled takes no job.
        """
        ...

    async def depth(self, topic: str) -> int:
        """Jobs waiting or leased."""
        ...

    async def age_seconds(self, topic: str) -> float:
        """How long ago the oldest job that is not leased now was enqueued; 0 where there is none."""
        ...

    async def dead_letters(self, topic: str) -> Sequence[DeadLetter]:
        """Jobs set apart, oldest first, at most 1,000."""
        ...

    async def replay(self, topic: str, key: str) -> bool:
        """Puts a dead letter back into its queue with no attempts counted. False: there is none such."""
        ...

    async def dead_topics(self) -> Sequence[str]:
        """Topics that have dead letters, sorted."""
        ...

    async def drop(self, topic: str, key: str) -> bool:
        """Gives up a dead letter as if it were done. False: there is none such."""
        ...

    async def close(self) -> None:
        """Ends all connections."""
        ...
