"""Jobs worked on in a test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from mesh.consuming import Consumer, Consuming
from mesh.ports.failures import StorageUnavailable
from mesh.ports.queue import Lease, Queue
from mesh.tracing import Tracing

TOPIC = "video.scene"


@asynccontextmanager
async def working(
    queue: Queue, consumer: Consumer, finish_seconds: float = 0.1
) -> AsyncIterator[asyncio.Event]:
    """Works on jobs while the block lasts; the event it gives ends that sooner."""
    until = asyncio.Event()
    running = asyncio.create_task(
        Consuming(queue, Tracing(), consumer, finish_seconds=finish_seconds).run(until)
    )
    try:
        yield until
    finally:
        until.set()
        await running


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    """Waits until the condition holds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - another process may change it
            await asyncio.sleep(0.01)


def empty(queue: Queue) -> Callable[[], Awaitable[bool]]:
    """Whether no job is left."""

    async def condition() -> bool:
        return await queue.depth(TOPIC) == 0

    return condition


class Deaths:
    """An `on_dead` that keeps what it was told, and fails as often as it is asked to."""

    def __init__(self, failures: int = 0) -> None:
        self.told: list[tuple[str, str]] = []
        self._failures = failures

    async def __call__(self, lease: Lease, reason: str) -> None:
        if self._failures:
            self._failures -= 1
            raise StorageUnavailable("not now")
        self.told.append((lease.key, reason))
