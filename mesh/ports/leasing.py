"""Waiting for a job, for queues that can say when the next one falls due."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mesh.ports.sql_database import Commits

L = TypeVar("L")


async def take_when_due(
    changes: Commits, take: Callable[[], Awaitable[L | float]], wait_seconds: float
) -> L | None:
    """Takes a job now, after a change, or when one falls due; None after `wait_seconds` without one.

    Args:
        changes: tells of new jobs and of jobs given back.
        take: gives a lease, or in how many seconds the next job falls due as far as is known.
        wait_seconds: the longest wait.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_seconds
    while True:
        seen = changes.version
        taken = await take()
        if not isinstance(taken, float):
            return taken
        remaining = deadline - loop.time()
        if remaining <= 0:
            return None
        if taken > 0:
            await changes.wait(seen, min(remaining, taken))
