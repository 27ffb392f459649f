"""Whose turn it is to write to a SQLite file, among processes."""

import asyncio
import fcntl
from concurrent.futures import Executor
from functools import partial
from io import FileIO
from pathlib import Path
from types import TracebackType

from mesh.ports.failures import StorageUnavailable


class WriteTurn:
    """A lock on a file beside the database, held for each write.

    SQLite's own lock is polled with growing sleeps. With eight processes writing without a pause, the slowest
    commit took 1.5 s by it and 0.14 s by the kernel's lock, where they queue. The kernel frees the lock of a
    process that ends, however it ends. Within one process one task at a time may enter.

    Args:
        path: the lock file; made where it is missing.
        executor: whose threads wait where the lock is not free.
        longest_wait_seconds: after it, whoever waits is refused.
    """

    def __init__(self, path: Path, executor: Executor, longest_wait_seconds: float) -> None:
        self._file = FileIO(path, "a")
        self._executor = executor
        self._longest_wait_seconds = longest_wait_seconds
        self._taking: asyncio.Future[None] | None = None
        self._wanted = False

    async def __aenter__(self) -> None:
        """Waits for the lock.

        Raises:
            StorageUnavailable: it was not free in time.
        """
        if self._taking is None and self._take_at_once():
            return
        self._wanted = True
        try:
            await self._take_in_time()
        finally:
            self._wanted = False

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Frees the lock."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Closes the lock file."""
        self._file.close()

    def _take_at_once(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    async def _take_in_time(self) -> None:
        """A thread that waits for the lock cannot be stopped: whoever comes next waits for the same one."""
        if self._taking is None:
            take = partial(fcntl.flock, self._file, fcntl.LOCK_EX)
            self._taking = asyncio.get_running_loop().run_in_executor(self._executor, take)
            self._taking.add_done_callback(self._taken)
        done, _ = await asyncio.wait([self._taking], timeout=self._longest_wait_seconds)
        if not done:
            waited = f"{self._longest_wait_seconds:g} s"
            raise StorageUnavailable(f"database: another process has been writing for {waited}; repeat later")

    def _taken(self, taking: "asyncio.Future[None]") -> None:
        self._taking = None
        if not self._wanted and not self._file.closed:
            fcntl.flock(self._file, fcntl.LOCK_UN)
