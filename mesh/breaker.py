"""A circuit breaker: what fails too often is left alone for a while.

`purgatory` does not fit these numbers: it counts failures in a row and not in a minute, lets every call through in the
half-open state and not one, and reads the clock itself.
"""

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum

MOST_FAILURES = 5
WITHIN_SECONDS = 60.0
REST_SECONDS = 30.0


class CircuitState(Enum):
    """Closed: calls go through. Open: none does. Half open: one call is on trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitOpen(Exception):
    """The call may not be made now."""

    def __init__(self, rest_seconds: float) -> None:
        super().__init__(f"left alone for {rest_seconds:.3g} s more")
        self.rest_seconds = rest_seconds


@dataclass
class CircuitBreaker:
    """Opens at the 5th failure within 1 minute; 30 seconds later one trial call closes it or opens it again.

    A trial that ends as neither failure nor success leaves the next call to be the trial. Calls that began before the
    circuit opened do not change it when they end.

    Args:
        now: seconds on a clock that only goes forward.
    """

    now: Callable[[], float] = time.monotonic
    state: CircuitState = field(default=CircuitState.CLOSED, init=False)
    _failures: deque[float] = field(default_factory=deque, init=False)
    _opened_at: float = field(default=0.0, init=False)
    _on_trial: bool = field(default=False, init=False)

    @asynccontextmanager
    async def guarding(self, failure: type[Exception]) -> AsyncIterator[None]:
        """Wraps one call. Of what it raises only `failure` counts, and only a return as a success.

        Raises:
            CircuitOpen: the call may not be made now.
        """
        call = self.admit()
        try:
            yield
        except failure:
            call.failed()
            raise
        else:
            call.succeeded()
        finally:
            call.ended()

    def admit(self) -> "GuardedCall":
        """Lets one call through; tell what comes of it, and that it `ended` in any case.

        Raises:
            CircuitOpen: the call may not be made now.
        """
        if self.state is CircuitState.CLOSED:
            return GuardedCall(self, trial=False)
        rest = REST_SECONDS - (self.now() - self._opened_at)
        if self._on_trial or rest > 0:
            raise CircuitOpen(max(rest, 0.0))
        self.state = CircuitState.HALF_OPEN
        self._on_trial = True
        return GuardedCall(self, trial=True)

    def _failed(self, *, trial: bool) -> None:
        if trial:
            self._open()
        elif self.state is CircuitState.CLOSED:
            self._failures.append(self.now())
            while self._failures[0] <= self.now() - WITHIN_SECONDS:
                self._failures.popleft()
            if len(self._failures) >= MOST_FAILURES:
                self._open()

    def _open(self) -> None:
        self.state = CircuitState.OPEN
        self._opened_at = self.now()
        self._failures.clear()

    def _succeeded(self, *, trial: bool) -> None:
        if trial:
            self.state = CircuitState.CLOSED

    def _ended(self, *, trial: bool) -> None:
        if trial:
            self._on_trial = False


class GuardedCall:
    """One call that a breaker let through."""

    def __init__(self, breaker: CircuitBreaker, *, trial: bool) -> None:
        self._breaker = breaker
        self._trial = trial

    def failed(self) -> None:
        """Counts against the circuit."""
        self._breaker._failed(trial=self._trial)

    def succeeded(self) -> None:
        """Closes the circuit where the call was its trial."""
        self._breaker._succeeded(trial=self._trial)

    def ended(self) -> None:
        """Makes room for another trial where this one decided nothing."""
        self._breaker._ended(trial=self._trial)
