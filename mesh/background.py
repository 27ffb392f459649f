"""Work that goes on while a server serves."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from mesh import context

_LONGEST_PAUSE_SECONDS = 30.0


class Background:
    """Runs tasks side by side. One that fails is logged and started again after a pause that grows to 30 seconds.

    Args:
        sleep: waits so many seconds.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, workload: str, run: Callable[[], Awaitable[None]]) -> None:
        """Starts a task whose calls to other services are made as `workload`."""
        self._tasks.append(asyncio.create_task(self._keep_running(workload, run)))

    async def stop(self) -> None:
        """Cancels every task and waits until they have ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _keep_running(self, workload: str, run: Callable[[], Awaitable[None]]) -> None:
        pause = 0.1
        with context.working_as(workload):
            while True:
                try:
                    await run()
                    return
                except Exception as error:
                    structlog.get_logger().error(
                        "background task failed", restart_seconds=pause, exc_info=error
                    )
                await self._sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
