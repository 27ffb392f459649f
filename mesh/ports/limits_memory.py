"""Limits counted in the memory of the process: adapter of the embedded mode and fake for tests."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mesh.ports.limits import Taken, whole_window

MOST_KEYS = 100_000


@dataclass
class _Window:
    seconds: int
    used: int = 0
    taken: deque[tuple[float, int]] = field(default_factory=deque)


class MemoryLimits:
    """A list of times a key, the same rule that the adapter for Redis keeps there.

    Written here because the in-memory store of the library `limits` walks through all keys at each attempt, each on a
    thread.

    Args:
        now: seconds on any clock that only goes forward.
        most_keys: above it, the keys that were asked for least recently are forgotten.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, most_keys: int = MOST_KEYS) -> None:
        self._now, self._most_keys = now, most_keys
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    @property
    def degraded(self) -> bool:
        """See `Limits.degraded`: there is no store that could fail."""
        return False

    async def take(self, key: str, cost: int, requests: int, window_seconds: float) -> Taken:
        """See `Limits.take`."""
        now = self._now()
        window = self._window(key, whole_window(cost, requests, window_seconds), now)
        admitted = window.used + cost <= requests
        if admitted:
            window.taken.append((now, cost))
            window.used += cost
        return Taken(
            admitted=admitted,
            remaining=max(0, requests - window.used),
            reset_seconds=_left(window, 1, now),
            retry_after_seconds=0.0 if admitted else _left(window, window.used + cost - requests, now),
        )

    def _window(self, key: str, seconds: int, now: float) -> _Window:
        window = self._windows.setdefault(key, _Window(seconds))
        self._windows.move_to_end(key)
        if len(self._windows) > self._most_keys:
            self._windows.popitem(last=False)
        window.seconds = seconds
        while window.taken and window.taken[0][0] <= now - seconds:
            window.used -= window.taken.popleft()[1]
        return window


def _left(window: _Window, wanted: int, now: float) -> float:
    """Seconds until so many requests have left the window; its whole length where it never has so many."""
    for at, cost in window.taken:
        wanted -= cost
        if wanted <= 0:
            return at + window.seconds - now
    return float(window.seconds)
