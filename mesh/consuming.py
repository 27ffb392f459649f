"""How one job is worked on: kept leased meanwhile, and settled by how the work ended."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from mootion.errors.v1 import reason_pb2

from mesh.errors import reason_name
from mesh.metrics import DEAD, DONE, GIVEN_BACK, LOST, RETRIED, UNSETTLED
from mesh.ports.queue import LEASE_SECONDS, Lease, Queue
from mesh.tracing import Tracing

MAX_ATTEMPTS = 5
LEASE_WAIT_SECONDS = 30.0
FINISH_SECONDS = 5.0
HEARTBEATS_IN_LEASE = 3
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0

Handle = Callable[[Lease], Awaitable[None]]
OnDead = Callable[[Lease, str], Awaitable[None]]
OnEnd = Callable[[str, str, float], None]

log = structlog.get_logger(__name__)


class Retry(Exception):
    """Raised by a handler to have the job tried again after so many seconds. It counts as an attempt."""

    def __init__(self, delay_seconds: float) -> None:
        super().__init__(f"to be tried again in {delay_seconds:g} s")
        self.delay_seconds = delay_seconds


class Reject(Exception):
    """Raised by a handler when no attempt can succeed: the job is dead at once."""

    def __init__(self, reason: reason_pb2.Reason.ValueType, message: str) -> None:
        super().__init__(f"{reason_name(reason)}: {message}")


@dataclass(frozen=True)
class Consumer:
    """Who works on the jobs of one topic.

    Args:
        topic: the queue.
        handle: works on one job; a repeat of a job must do no harm. It is cancelled when the lease is lost.
        on_dead: told once about a job that is given up, with the reason, before the job becomes a dead
        letter. max_attempts: a job that failed or lost its worker so often is given up. concurrency: jobs
        worked on at once. lease_seconds: how soon another worker takes over from one that died; heartbeats
        come at a third of it.
    """

    topic: str
    handle: Handle
    on_dead: OnDead | None = None
    max_attempts: int = MAX_ATTEMPTS
    concurrency: int = 1
    lease_seconds: float = LEASE_SECONDS


class Consuming:
    """Works on the jobs of one consumer until told to stop.

    Args:
        queue: where jobs come from.
        tracing: continues the trace of whoever enqueued a job.
        consumer: what to do with them.
        finish_seconds: how long a job may go on after the stop; then it is cancelled and given back.
        on_end: told the topic, the outcome and the seconds of every job that was taken.
    """

    def __init__(
        self,
        queue: Queue,
        tracing: Tracing,
        consumer: Consumer,
        *,
        finish_seconds: float = FINISH_SECONDS,
        on_end: OnEnd = lambda topic, outcome, seconds: None,
    ) -> None:
        self._queue = queue
        self._tracing = tracing
        self._consumer = consumer
        self._finish_seconds = finish_seconds
        self._on_end = on_end

    async def run(self, until: asyncio.Event) -> None:
        """Returns after the stop, when no job is leased any more."""
        await asyncio.gather(*(self._go_on(until) for _ in range(self._consumer.concurrency)))

    async def take(self, until: asyncio.Event, wait_seconds: float = LEASE_WAIT_SECONDS) -> Lease | None:
        """Waits for a job or the stop; holds none that it does not return.

        Raises:
            OSError: the queue did not answer.
        """
        topic, seconds = self._consumer.topic, self._consumer.lease_seconds
        lease = self._queue.lease(topic, wait_seconds=wait_seconds, lease_seconds=seconds)
        leasing = asyncio.ensure_future(lease)
        stop = asyncio.create_task(until.wait())
        try:
            await asyncio.wait([leasing, stop], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await _abandon(leasing)
            raise
        finally:
            stop.cancel()
        if until.is_set():
            await _abandon(leasing)
            return None
        return leasing.result()

    async def work(self, lease: Lease, until: asyncio.Event) -> None:
        """Works on a job that was taken, and settles it."""
        facts = {"topic": lease.topic, "key": lease.key, "attempt": lease.attempt}
        started, outcome = time.monotonic(), UNSETTLED
        with self._tracing.consuming(lease.topic, lease.headers):
            work = asyncio.create_task(self._settle(lease))
            heart = asyncio.create_task(self._beat(lease, work))
            try:
                outcome = await self._stop_in_time(work, until)
            except OSError:
                # Whatever could not be stored now, the next lease of the job makes up for.
                log.warning("job_unsettled", exc_info=True, **facts)
            finally:
                heart.cancel()
                await asyncio.wait([heart])
                if work.cancelled():
                    await self.give_back(lease)
                self._on_end(lease.topic, outcome, time.monotonic() - started)

    async def _go_on(self, until: asyncio.Event) -> None:
        failures = 0
        while not until.is_set():
            try:
                lease = await self.take(until)
            except OSError:
                failures += 1
                await rest(failures, until)
            else:
                failures = 0
                if lease is not None:
                    await self.work(lease, until)

    async def give_back(self, lease: Lease) -> None:
        """Gives a job back unworked. Where the queue does not answer, its lease ends by itself."""
        facts = {"topic": lease.topic, "key": lease.key, "attempt": lease.attempt}
        try:
            log.info("job_given_back" if await lease.release() else "lease_lost", **facts)
        except OSError:
            log.warning("job_not_given_back", exc_info=True, **facts)

    async def _stop_in_time(self, work: "asyncio.Task[str]", until: asyncio.Event) -> str:
        """Waits for the work; after the stop only for `finish_seconds`. Tells, or raises, how it ended."""
        stop = asyncio.create_task(until.wait())
        try:
            await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([work], timeout=self._finish_seconds)
        finally:
            stop.cancel()
            work.cancel()
            await asyncio.wait([work])
        return GIVEN_BACK if work.cancelled() else work.result()

    async def _beat(self, lease: Lease, work: "asyncio.Task[str]") -> None:
        """Extends the lease; cancels the work once the lease is lost, or may be because nobody answers."""
        loop = asyncio.get_running_loop()
        held_until = loop.time() + self._consumer.lease_seconds
        while loop.time() < held_until:
            await asyncio.sleep(self._consumer.lease_seconds / HEARTBEATS_IN_LEASE)
            asked = loop.time()
            try:
                if not await lease.extend():
                    break
            except OSError:
                log.warning("heartbeat_failed", topic=lease.topic, key=lease.key, exc_info=True)
            else:
                held_until = asked + self._consumer.lease_seconds
        work.cancel()

    async def _settle(self, lease: Lease) -> str:
        if lease.attempt > self._consumer.max_attempts:
            return await self._bury(lease, f"its worker died or lost it {lease.attempt - 1} times")
        try:
            await self._consumer.handle(lease)
        except Retry as error:
            return await self._again(lease, error, error.delay_seconds)
        except Reject as error:
            return await self._bury(lease, str(error))
        except Exception as error:
            log.exception("job_failed", topic=lease.topic, key=lease.key, attempt=lease.attempt)
            return await self._again(lease, error, _growing(lease.attempt))
        return await self._finish(lease)

    async def _finish(self, lease: Lease) -> str:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # The handler swallowed its cancellation: what it returned from may be half done.
            raise asyncio.CancelledError
        if await lease.acknowledge():
            return DONE
        log.warning("lease_lost", topic=lease.topic, key=lease.key, attempt=lease.attempt)
        return LOST

    async def _again(self, lease: Lease, error: Exception, delay_seconds: float) -> str:
        if lease.attempt >= self._consumer.max_attempts:
            return await self._bury(lease, f"{type(error).__name__} at attempt {lease.attempt}, the last")
        await lease.retry(delay_seconds)
        return RETRIED

    async def _bury(self, lease: Lease, reason: str) -> str:
        log.error("job_dead", topic=lease.topic, key=lease.key, attempt=lease.attempt, reason=reason)
        if self._consumer.on_dead is not None:
            try:
                await self._consumer.on_dead(lease, reason)
            except Exception:
                log.exception("on_dead_failed", topic=lease.topic, key=lease.key)
                await lease.retry(_growing(lease.attempt))
                return RETRIED
        await lease.reject(reason)
        return DEAD


def _growing(attempt: int) -> float:
    """1 s, 2 s, 4 s and so on to a minute, each up to a quarter longer so that not all come back at once."""
    delay = min(FIRST_RETRY_SECONDS * 2.0 ** (attempt - 1), LONGEST_RETRY_SECONDS)
    return delay * random.uniform(1.0, 1.25)


async def rest(failures: int, until: asyncio.Event) -> None:
    """After a queue that did not answer: waits, longer each time in a row, but no longer than to the stop."""
    log.warning("queue_unavailable", exc_info=True)
    waiting = asyncio.create_task(until.wait())
    await asyncio.wait([waiting], timeout=_growing(failures))
    waiting.cancel()


async def _abandon(leasing: "asyncio.Future[Lease | None]") -> None:
    """Cancels a wait for a job; gives the job back if one came all the same."""
    leasing.cancel()
    await asyncio.wait([leasing])
    if leasing.cancelled() or leasing.exception() is not None:
        return
    lease = leasing.result()
    if lease is not None:
        await lease.release()
