"""Whose turn it is to write to a SQLite file, among processes: a lock on a file beside it.

SQLite's own lock is polled with growing sleeps. With eight processes writing without a pause, the slowest
commit took 430 ms by it and 10 ms by the kernel's lock, in whose queue they wait. The kernel frees the lock
of a process that ends, however it ends.
"""

import asyncio
import fcntl
import threading
from enum import Enum, auto
from io import FileIO

POLL_SECONDS = 0.01
TAKE_OVER_SECONDS = 0.25


class Turn:
    """One wait for the lock, by a thread that nothing can stop while it waits, and the time after it."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._state = _State.WAITING
        self._guard = threading.Lock()

    @property
    def is_taken(self) -> bool:
        """Whether the lock is held now."""
        return self._state == _State.TAKEN

    def take(self) -> bool:
        """Waits for the lock, in a thread. False: the turn is over or was given up; the lock is not held."""
        if self._state != _State.WAITING:
            return self.is_taken
        fcntl.flock(self._file, fcntl.LOCK_EX)
        with self._guard:
            if self._state == _State.WAITING:
                self._state = _State.TAKEN
                return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False

    def give_up(self) -> bool:
        """Makes the wait one for nothing. False: it is over, the lock is held or was."""
        with self._guard:
            if self._state == _State.WAITING:
                self._state = _State.GIVEN_UP
        return self._state == _State.GIVEN_UP

    def free(self) -> None:
        """Frees the lock if it is held."""
        with self._guard:
            if self._state == _State.TAKEN:
                self._state = _State.FREED
                fcntl.flock(self._file, fcntl.LOCK_UN)


class _State(Enum):
    WAITING = auto()
    TAKEN = auto()
    FREED = auto()
    GIVEN_UP = auto()


async def locked(file: FileIO) -> None:
    """Takes the lock, however long that takes, without a thread that nothing could cancel."""
    while not _locked_at_once(file):  # noqa: ASYNC110 - another process frees it
        await asyncio.sleep(TAKE_OVER_SECONDS)


async def locked_in_time(file: FileIO, longest_wait_seconds: float) -> bool:
    """Takes the lock by looking again and again, without a thread. False: it was not free in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + longest_wait_seconds
    while not _locked_at_once(file):
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def _locked_at_once(file: FileIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
