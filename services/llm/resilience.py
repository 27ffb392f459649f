"""A circuit breaker: an engine that fails too often is left alone for a while.

`purgatory` does not fit these numbers: it counts failures in a row and not in a minute, lets every call through in the
half-open state and not one, and reads the clock itself.
"""

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum

from services.llm.failures import CircuitOpen, EngineUnavailable

MOST_FAILURES = 5
WITHIN_SECONDS = 60.0
REST_SECONDS = 30.0


class CircuitState(Enum):
    """Closed: calls go through. Open: none does. Half open: one call is on trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass
class CircuitBreaker:
    """Opens at the 5th failure within 1 minute; 30 seconds later one trial call closes it or opens it again.

    Only EngineUnavailable counts as a failure, and only an answer as a success: a trial that is cancelled or refused
    leaves the next call to be the trial. Calls that began before the circuit opened do not change it when they end.

    Args:
        now: seconds on a clock that only goes forward.
    """

    now: Callable[[], float] = time.monotonic
    state: CircuitState = field(default=CircuitState.CLOSED, init=False)
    _failures: deque[float] = field(default_factory=deque, init=False)
    _opened_at: float = field(default=0.0, init=False)
    _on_trial: bool = field(default=False, init=False)

    @asynccontextmanager
    async def guarding(self) -> AsyncIterator[None]:
        """Wraps one call.

        Raises:
            CircuitOpen: the call may not be made now.
        """
        trial = self._admit()
        try:
            yield
        except EngineUnavailable:
            self._failed(trial)
            raise
        else:
            self._succeeded(trial)
        finally:
            if trial:
                self._on_trial = False

    def _admit(self) -> bool:
        """Whether the call is a trial."""
        if self.state == CircuitState.CLOSED:
            return False
        if self._on_trial or self.now() - self._opened_at < REST_SECONDS:
            raise CircuitOpen
        self.state = CircuitState.HALF_OPEN
        self._on_trial = True
        return True

    def _failed(self, trial: bool) -> None:
        if trial:
            self._open()
        elif self.state == CircuitState.CLOSED:
            self._failures.append(self.now())
            while self._failures[0] <= self.now() - WITHIN_SECONDS:
                self._failures.popleft()
            if len(self._failures) >= MOST_FAILURES:
                self._open()

    def _open(self) -> None:
        self.state = CircuitState.OPEN
        self._opened_at = self.now()
        self._failures.clear()

    def _succeeded(self, trial: bool) -> None:
        if trial:
            self.state = CircuitState.CLOSED
