"""Work that goes on while a server serves."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from mesh import context

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 30.0
# What ran so long has recovered: the next restart is quick again.
_STEADY_SECONDS = 10.0


def is_told_to_stop() -> bool:
    """Whether somebody cancelled the task that asks.

    Drivers end what waits for a connection that is gone with a CancelledError as well; that is a failure like others.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Background:
    """Runs tasks side by side. One that fails is logged and started again after a pause that grows to 30 seconds, and
    is short again once the task has run for a while.

    Args:
        sleep: waits so many seconds.
        clock: seconds on a clock that only goes forward.
    """

    def __init__(
        self,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
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
        pause = _FIRST_PAUSE_SECONDS
        with context.working_as(workload):
            while True:
                started = self._clock()
                try:
                    await run()
                    return
                except (Exception, asyncio.CancelledError) as error:
                    if isinstance(error, asyncio.CancelledError) and is_told_to_stop():
                        raise
                    if self._clock() - started > _STEADY_SECONDS:
                        pause = _FIRST_PAUSE_SECONDS
                    structlog.get_logger().error(
                        "background task failed", restart_seconds=pause, exc_info=error
                    )
                await self._sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
