"""Waiting that ends at once where somebody is in a hurry, as after a second signal to stop."""

import asyncio
from collections.abc import Sequence


async def wait_unless(hurry: asyncio.Event, tasks: Sequence[asyncio.Task[None]], seconds: float) -> None:
    """Returns when all tasks have ended, or the time is over, or there is a hurry; the tasks go on."""
    hurried = asyncio.create_task(hurry.wait())
    finished = asyncio.create_task(asyncio.wait(tasks))
    await asyncio.wait((hurried, finished), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    finished.cancel()


async def sleep_unless(hurry: asyncio.Event, seconds: float) -> None:
    """Returns when the time is over or there is a hurry."""
    try:
        async with asyncio.timeout(seconds):
            await hurry.wait()
    except TimeoutError:
        return
