"""Subscriptions to the event log in the database."""

import asyncio
from collections.abc import Sequence

from mesh.ports.event_failures import EventFailures
from mesh.ports.events import EventFailure, Handler
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.sql_log import SqlLog

IDLE_SECONDS = 60.0
UNSETTLED_SECONDS = 0.01


class SqlEvents:
    """Durable subscriptions. Of all processes that run one, one holds it and the others stand by."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database
        self._log = SqlLog(database)
        self._failures = EventFailures(database)

    async def run(self, subscription: str, handler: Handler) -> None:
        """See `Events.run`. A new subscription starts with the oldest event that is kept."""
        async with self._database.holding(f"{subscription}.subscription"):
            position = await self._log.position(subscription)
            while True:
                seen = self._database.changes.version
                await self._failures.handle_again(subscription, handler)
                batch = await self._log.after(position)
                for logged in batch.events:
                    await self._failures.handle(subscription, logged.new, handler)
                    position = logged.position
                    await self._log.move(subscription, position)
                if batch.is_unsettled:
                    await asyncio.sleep(UNSETTLED_SECONDS)
                elif not batch.events:
                    await self._database.changes.wait(seen, IDLE_SECONDS)

    async def wait_until_handled(self, subscription: str, timeout_seconds: float) -> bool:
        """See `Events.wait_until_handled`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        target = await self._log.end()
        while True:
            seen = self._database.changes.version
            if await self._log.position(subscription) >= target:
                return True
            remaining = deadline - loop.time()
            if remaining <= 0:
                return False
            await self._database.changes.wait(seen, remaining)

    async def lag_seconds(self, subscription: str) -> float:
        """See `Events.lag_seconds`."""
        oldest = await self._log.time_after(await self._log.position(subscription))
        return 0.0 if oldest is None else max(0.0, self._database.now() - oldest)

    async def failures(self, subscription: str) -> Sequence[EventFailure]:
        """See `Events.failures`."""
        return await self._failures.listed(subscription)

    async def replay_failure(self, subscription: str, event_id: str) -> bool:
        """See `Events.replay_failure`."""
        return await self._failures.replay(subscription, event_id)

    async def failed_subscriptions(self) -> Sequence[str]:
        """See `Events.failed_subscriptions`."""
        return await self._failures.subscriptions()

    async def drop_failure(self, subscription: str, event_id: str) -> bool:
        """See `Events.drop_failure`."""
        return await self._failures.drop(subscription, event_id)
