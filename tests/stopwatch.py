"""How long something took by its own doing: moments in which the machine let this process stand still do not count."""

import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

import pytest

T = TypeVar("T")

_TICK_SECONDS = 0.01
# A thread that sleeps is late by less than this for reasons of this process alone, such as the interpreter's lock.
_LATE_SECONDS = 0.05


class Stopwatch:
    """Measures the time of a block; `seconds` is without the standstills of the machine, `raw_seconds` with them.

    A thread beside the block sleeps for ten milliseconds at a time. When it wakes far too late, the machine ran
    somebody else meanwhile, and not what is measured.
    """

    def __init__(self) -> None:
        self._began = self._ticked = time.monotonic()
        self._ended: float | None = None
        # When each standstill began and ended.
        self._standstills: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        self._began = self._ticked = time.monotonic()
        self._ticking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = time.monotonic()
        self._over.set()
        self._ticking.join()
        self._note(self._ended)

    @property
    def raw_seconds(self) -> float:
        """So far, or of the whole block when it is over."""
        return (self._ended or time.monotonic()) - self._began

    @property
    def stood_still(self) -> float:
        """Seconds so far, or of the whole block, that the machine took."""
        return self.raw_seconds - self.seconds

    @property
    def seconds(self) -> float:
        """Without standstills, of which one may be going on."""
        until = self._ended or time.monotonic()
        return until - self._began - self.stood_still_between(self._began, until)

    def stood_still_between(self, begin: float, end: float) -> float:
        """Seconds that the machine took between two moments of `time.monotonic`."""
        standstills = [*self._standstills]
        if self._ended is None and _late((now := time.monotonic()) - self._ticked):
            standstills.append((self._ticked, now))
        return sum(max(0.0, min(end, over) - max(begin, since)) for since, over in standstills)

    def _tick(self) -> None:
        while not self._over.is_set():
            time.sleep(_TICK_SECONDS)
            now = time.monotonic()
            if self._over.is_set():
                return
            self._note(now)

    def _note(self, now: float) -> None:
        if _late(now - self._ticked):
            self._standstills.append((self._ticked + _TICK_SECONDS, now))
        self._ticked = now


def _late(slept: float) -> float:
    late = slept - _TICK_SECONDS
    return late if late > _LATE_SECONDS else 0.0


async def quickest(once: Callable[[], Awaitable[float]], within: float, rounds: int = 5) -> float:
    """The shortest of up to `rounds` measurements, each in seconds; ends at the first that is `within`.

    What is slow by itself is slow every time; a busy machine is not always in the way.
    """
    best = await once()
    while best >= within and (rounds := rounds - 1):
        best = min(best, await once())
    return best


def quickest_of(once: Callable[[], float], within: float, rounds: int = 5) -> float:
    """The same as `quickest`, of what does not wait on a loop."""
    best = once()
    while best >= within and (rounds := rounds - 1):
        best = min(best, once())
    return best


class Disturbed(Exception):
    """A round took longer than what it tries allows; it tells nothing, whatever came of it."""


@contextmanager
def needing_less_than(seconds: float) -> Iterator[None]:
    """Whatever the block finds counts only if it ends in this time.

    Raises:
        Disturbed: it did not.
    """
    began = time.monotonic()
    try:
        yield
    except (Exception, pytest.fail.Exception):
        if time.monotonic() - began < seconds:
            raise
    if time.monotonic() - began >= seconds:
        raise Disturbed(f"it was not over within {seconds:g} s")


async def undisturbed(attempt: Callable[[float], Awaitable[T]], *seconds: float) -> T:
    """Tries something that races with a clock: with short times first, with longer ones where it was disturbed.

    Args:
        attempt: takes the time that decides, in seconds, and holds its checks under `needing_less_than`.
        seconds: ascending; what is disturbed even with the last of them fails.
    """
    for each in seconds[:-1]:
        try:
            return await attempt(each)
        except Disturbed:
            continue
    return await attempt(seconds[-1])
