"""Wakes those who wait for a commit to a SQLite file, whichever process made it."""

import asyncio
from collections.abc import Callable

POLL_SECONDS = 0.02


class Changes:
    """A counter that grows when the database was changed.

    Commits of this process call `wake`. Those of others are found by asking `PRAGMA data_version` every 20
    ms, and only while somebody waits: about 5 µs each time.

    Args:
        data_version: gives a number that differs after a commit of any other connection.
    """

    def __init__(self, data_version: Callable[[], int]) -> None:
        self._data_version = data_version
        self._seen = data_version()
        self._version = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def version(self) -> int:
        """To be read before the state that is waited for, and passed to `wait`."""
        return self._version

    def wake(self) -> None:
        """Tells everybody that something was committed."""
        self._seen = self._data_version()
        self._version += 1
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    async def wait(self, version: int, timeout_seconds: float) -> None:
        """Returns when something was committed after `version` was read, or when the time is up."""
        self._look()
        if self._version != version or timeout_seconds <= 0:
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        self._poll_later()
        try:
            await asyncio.wait([waiting], timeout=timeout_seconds)
        finally:
            self._waiting.discard(waiting)
            waiting.cancel()

    def close(self) -> None:
        """Stops looking and cancels whoever still waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for waiting in self._waiting:
            waiting.cancel()

    def _look(self) -> None:
        if self._data_version() != self._seen:
            self.wake()

    def _poll_later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(POLL_SECONDS, self._poll)

    def _poll(self) -> None:
        self._timer = None
        self._look()
        if self._waiting:
            self._poll_later()
