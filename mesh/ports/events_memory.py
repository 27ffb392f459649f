"""An event log in memory, for unit tests."""

import asyncio

from mesh.ports.changes import Changes
from mesh.ports.events import Handler
from mesh.ports.handling import handle_until_done
from mesh.ports.outgoing import NewEvent

IDLE_SECONDS = 60.0


class InMemoryEvents:
    """Keeps every event in the list `published`, and how many of them each subscription has handled."""

    def __init__(self) -> None:
        self.published: list[NewEvent] = []
        self._positions: dict[str, int] = {}
        self._held: dict[str, asyncio.Lock] = {}
        self._changes = Changes(lambda: 0)

    def append(self, event: NewEvent) -> None:
        """Adds an event at the end."""
        self.published.append(event)
        self._changes.wake()

    async def run(self, subscription: str, handler: Handler) -> None:
        """See `Events.run`."""
        async with self._held.setdefault(subscription, asyncio.Lock()):
            while True:
                seen = self._changes.version
                position = self._positions.get(subscription, 0)
                if position == len(self.published):
                    await self._changes.wait(seen, IDLE_SECONDS)
                    continue
                new = self.published[position]
                await handle_until_done(subscription, new, handler)
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
