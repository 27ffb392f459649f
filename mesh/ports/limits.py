"""How often something may be done in any stretch of time, counted over all processes."""

import math
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Taken:
    """What became of one attempt.

    `remaining` requests fit into the window now; the oldest counted one leaves it in `reset_seconds`. A refused
    attempt may be repeated after `retry_after_seconds`, which is 0 for an admitted one.
    """

    admitted: bool
    remaining: int
    reset_seconds: float
    retry_after_seconds: float


class Limits(Protocol):
    """Counts in moving windows (every stretch of that length, not calendar minutes)."""

    @property
    def degraded(self) -> bool:
        """Whether the store that all processes share did not answer when it was last asked."""
        ...

    async def take(self, key: str, cost: int, requests: int, window_seconds: float) -> Taken:
        """Admits an attempt where at most `requests` are counted in the last `window_seconds` with it.

        Exact for calls made at the same time, by whatever process. A refused attempt is not counted.

        Args:
            key: who and what is counted, such as `GetVideo/principal/ada`. Always the same limit with a key.
            cost: for how many requests it counts, at least 1. More than `requests` is always refused.
            requests: bound of the window, at least 1.
            window_seconds: length of the window, rounded up to whole seconds.

        Raises:
            ValueError: a number is too small.
        """
        ...


def whole_window(cost: int, requests: int, window_seconds: float) -> int:
    """The window in whole seconds. Raises ValueError where a number of a limit makes no sense."""
    if cost < 1 or requests < 1 or window_seconds <= 0:
        raise ValueError(
            f"a limit of {requests} requests in {window_seconds} s at a cost of {cost}: give numbers above 0"
        )
    return math.ceil(window_seconds)
