"""An event log in memory, for unit tests."""

import asyncio
import time
from collections.abc import Callable, Sequence

from mesh.ports.changes import Changes
from mesh.ports.events import EventFailure, Handler
from mesh.ports.handling import MOST_ATTEMPTS, handle_until_done
from mesh.ports.outgoing import NewEvent

IDLE_SECONDS = 60.0


class InMemoryEvents:
    """Keeps every event in the list `published`, and how many of them each subscription has handled.

    Args:
        now: seconds since 1970.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.published: list[NewEvent] = []
        self._now = now
        self._times: list[float] = []
        self._positions: dict[str, int] = {}
        self._failures: dict[tuple[str, str], tuple[NewEvent, EventFailure]] = {}
        self._asked_again: set[tuple[str, str]] = set()
        self._held: dict[str, asyncio.Lock] = {}
        self._changes = Changes(lambda: 0)

    def append(self, event: NewEvent) -> None:
        """Adds an event at the end."""
        self.published.append(event)
        self._times.append(self._now())
        self._changes.wake()

    async def run(self, subscription: str, handler: Handler) -> None:
        """See `Events.run`."""
        async with self._held.setdefault(subscription, asyncio.Lock()):
            while True:
                seen = self._changes.version
                for key in [key for key in self._asked_again if key[0] == subscription]:
                    self._asked_again.remove(key)
                    await self._handle(subscription, self._failures.pop(key)[0], handler)
                position = self._positions.get(subscription, 0)
                if position == len(self.published):
                    await self._changes.wait(seen, IDLE_SECONDS)
                    continue
                new = self.published[position]
                await self._handle(subscription, new, handler)
                self._positions[subscription] = position + 1
                self._changes.wake()

    async def wait_until_handled(self, subscription: str, timeout_seconds: float) -> bool:
        """See `Events.wait_until_handled`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        target = len(self.published)
        while self._positions.get(subscription, 0) < target:
            remaining = deadline - loop.time()
            if remaining <= 0:
                return False
            await self._changes.wait(self._changes.version, remaining)
        return True

    async def lag_seconds(self, subscription: str) -> float:
        """See `Events.lag_seconds`."""
        position = self._positions.get(subscription, 0)
        return max(0.0, self._now() - self._times[position]) if position < len(self._times) else 0.0

    async def failures(self, subscription: str) -> Sequence[EventFailure]:
        """See `Events.failures`."""
        return [failure for _, failure in self._failures.values() if failure.subscription == subscription]

    async def replay_failure(self, subscription: str, event_id: str) -> bool:
        """See `Events.replay_failure`."""
        key = (subscription, event_id)
        if key not in self._failures:
            return False
        self._asked_again.add(key)
        self._changes.wake()
        return True

    async def failed_subscriptions(self) -> Sequence[str]:
        """See `Events.failed_subscriptions`."""
        return sorted({subscription for subscription, _ in self._failures})

    async def drop_failure(self, subscription: str, event_id: str) -> bool:
        """See `Events.drop_failure`."""
        self._asked_again.discard((subscription, event_id))
        return self._failures.pop((subscription, event_id), None) is not None

    async def _handle(self, subscription: str, new: NewEvent, handler: Handler) -> None:
        reason = await handle_until_done(subscription, new, handler)
        if reason is not None:
            failure = EventFailure(subscription, new.event, MOST_ATTEMPTS, reason)
            self._failures[subscription, new.event.event_id] = new, failure
