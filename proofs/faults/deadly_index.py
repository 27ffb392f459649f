"""Search, and the services it follows, in a process that dies between the commit of a change and its index entry."""

import asyncio
import os
import signal
from typing import Any, Literal

from mesh.config import Settings
from mesh.ports.index import Index, Replacement
from mesh.ports.open_index import open_index
from proofs.callers import lessons
from services.document.__main__ import build as document
from services.flowchart.__main__ import build as flowchart
from services.quiz.__main__ import build as quiz
from services.search import __main__ as search
from services.video.__main__ import build as video

When = Literal["before", "after"]


class DeadlyIndex:
    """Passes everything on, and kills its process at one change: before it, or after it and before that is noted.

    Args:
        crash_at: the number of the change, from 1; 0 for never.
    """

    def __init__(self, index: Index, crash_at: int, when: When) -> None:
        self._index = index
        self._crash_at = crash_at
        self._when = when
        self._changes = 0

    async def replace(self, change: Replacement) -> None:
        """See `Index.replace`."""
        self._changes += 1
        if self._changes == self._crash_at and self._when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await self._index.replace(change)
        if self._changes == self._crash_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)


async def serve(settings: Settings, crash_at: int, when: When) -> None:
    """Serves until killed, or until SIGTERM."""

    def deadly(settings: Settings) -> Any:
        return DeadlyIndex(open_index(settings), crash_at, when)

    setattr(search, "open_index", deadly)  # noqa: B010 - typed as a function of its own
    until = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, until.set)
    async with lessons.served(settings, document, flowchart, quiz, video, search.build):
        await until.wait()
