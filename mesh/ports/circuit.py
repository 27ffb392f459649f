"""Keeps callers from waiting, one after another, for a store that does not answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0
# More would only wait for one another on the loop, with their time running.
MOST_AT_ONCE = 16


class NoAnswer(Exception):
    """The store was not asked, or was asked in vain."""


class Circuit:
    """Open for `PAUSE_SECONDS` after a failure; then one call tries again while the others still go without.

    Args:
        store: what the log and the count call it.
        failures: what a call raises when the store does not answer.
        most_seconds: how long a call may take; waiting for one of `MOST_AT_ONCE` turns does not count.
        count: told the store's name at each call that went without an answer.
        now: seconds on a clock that only goes forward.
    """

    def __init__(
        self,
        store: str,
        failures: tuple[type[Exception], ...],
        most_seconds: float,
        count: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._failures, self._count, self._now = store, failures, count, now
        self._most_seconds = most_seconds
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._open_until = 0.0
        self._failing = False

    @property
    def failing(self) -> bool:
        """Whether the store did not answer when it was last asked."""
        return self._failing

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """A block that asks the store.

        Raises:
            NoAnswer: it failed, or did so a moment ago.
        """
        async with self._turns:
            self._check()
            try:
                async with asyncio.timeout(self._most_seconds):
                    yield
            except self._failures as error:
                self._failed(error)
                raise NoAnswer from error
            self._answered()

    def _check(self) -> None:
        if self._now() < self._open_until:
            self._count(self._store)
            raise NoAnswer
        if self._failing:
            self._open_until = self._now() + PAUSE_SECONDS

    def _failed(self, error: Exception) -> None:
        self._count(self._store)
        self._open_until = self._now() + PAUSE_SECONDS
        if not self._failing:
            self._failing = True
            log.warning("store does not answer", store=self._store, error=type(error).__name__)

    def _answered(self) -> None:
        self._open_until = 0.0
        if self._failing:
            self._failing = False
            log.info("store answers again", store=self._store)
