"""Watching a resource: woken by a notice of this process, with a poll of the row as the ground truth."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Notifier:
    """Tells the watchers of a key, in this process, that what they watch may have changed."""

    def __init__(self) -> None:
        self._watchers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def notify(self, key: str) -> None:
        """To be called after the commit of a change; costs nothing where nobody watches."""
        for woken in self._watchers.get(key, ()):
            woken.set()

    async def watch(
        self,
        key: str,
        read: Callable[[], Awaitable[T]],
        sequence: Callable[[T], int],
        after: int,
        finished: Callable[[T], bool],
        poll_seconds: float = 1.0,
    ) -> AsyncIterator[T]:
        """Yields each state whose sequence number is higher than the last one seen, and ends after a finished one.

        A watcher that comes back with the last number it saw gets what it missed; states that followed each other
        between two reads are one. Changes made by another process are seen at the next poll.

        Args:
            key: what `notify` is called with.
            read: gives the present state; what it raises ends the watch.
            after: the last number seen; 0 for a first watch.
            finished: whether a state is the last one there will be.
            poll_seconds: the longest time between two reads.
        """
        woken = asyncio.Event()
        self._watchers[key].add(woken)
        try:
            while True:
                woken.clear()
                state = await read()
                if sequence(state) > after:
                    after = sequence(state)
                    yield state
                if finished(state):
                    return
                await _wait(woken, poll_seconds)
        finally:
            self._forget(key, woken)

    def _forget(self, key: str, woken: asyncio.Event) -> None:
        watchers = self._watchers[key]
        watchers.discard(woken)
        if not watchers:
            del self._watchers[key]


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        return
