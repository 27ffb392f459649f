"""Numbered points at which a process can be made to die: before and after each step to a store or a broker."""

import functools
import itertools
import os
import signal
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from proofs.ground import Mode
from tests.integration.ports import journal

# What each adapter does all its work through: module, class, method, and what the step is called.
STEPS = {
    Mode.EMBEDDED: [("mesh.ports.sqlite_connection", "SqliteConnection", "_guarded", "database")],
    Mode.FULL: [
        ("psycopg", "AsyncCursor", "execute", "statement"),
        ("psycopg", "AsyncConnection", "commit", "commit"),
        ("aio_pika.exchange", "Exchange", "publish", "publish"),
        ("aio_pika.message", "IncomingMessage", "ack", "ack"),
    ],
}


class CrashPoints:
    """Counts the points a process passes, and kills it at one of them.

    Args:
        crash_at: the number of the point, from 1; 0 for a process that lives.
        passed: a file that gets a line for each point.
    """

    def __init__(self, crash_at: int, passed: Path) -> None:
        self._crash_at = crash_at
        self._passed = passed
        # Threads pass points at the same time; each has its own number.
        self._numbers = itertools.count(1)

    def arm(self, mode: Mode) -> None:
        """Puts the points into this process, from here on and for good."""
        for module, owner, method, name in STEPS[mode]:
            holder = getattr(import_module(module), owner)
            work = getattr(holder, method)
            is_async = work.__code__.co_flags & 0x80
            setattr(holder, method, self._async(work, name) if is_async else self._plain(work, name))

    def _point(self, name: str) -> None:
        number = next(self._numbers)
        journal.append(self._passed, number, name)
        if number == self._crash_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def _plain(self, work: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(work)
        def passing(*arguments: Any, **options: Any) -> Any:
            self._point(f"before-{name}")
            result = work(*arguments, **options)
            self._point(f"after-{name}")
            return result

        return passing

    def _async(self, work: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(work)
        async def passing(*arguments: Any, **options: Any) -> Any:
            if _only_reads(name, arguments):
                return await work(*arguments, **options)
            self._point(f"before-{name}")
            result = await work(*arguments, **options)
            self._point(f"after-{name}")
            return result

        return passing


def _only_reads(name: str, arguments: tuple[Any, ...]) -> bool:
    """Whether a step is a query: a death there is one at the step before."""
    return name == "statement" and str(arguments[1]).lstrip().upper().startswith("SELECT")
