"""Work on a thread that is never left alone with what it works on."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")


async def run_to_end(
    work: Callable[[], T], executor: Executor | None = None, on_cancel: Callable[[], object] | None = None
) -> T:
    """Runs work on a thread and returns only when it has ended, also when the caller is cancelled meanwhile.

    So nobody closes a file or a connection that a thread still uses. The cancellation goes on afterwards,
    whatever the work came to.

    Args:
        work: what to run.
        executor: whose thread; the loop's default when not given.
        on_cancel: called at each cancellation, to make the work end sooner.
    """
    future = asyncio.get_running_loop().run_in_executor(executor, work)
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
            if on_cancel is not None:
                on_cancel()
    if cancelled is not None:
        raise cancelled from future.exception()
    return future.result()
