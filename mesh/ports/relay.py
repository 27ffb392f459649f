"""Carries jobs and events from the database to RabbitMQ; of all processes, one at a time does."""

import asyncio
from collections.abc import Awaitable

from mesh.background import is_told_to_stop
from mesh.ports.failures import StorageUnavailable
from mesh.ports.rabbit_link import RabbitLink, Session
from mesh.ports.relay_dead import DeadRelay
from mesh.ports.relay_events import EventRelay
from mesh.ports.relay_jobs import RELAYED_SECONDS, JobRelay
from mesh.ports.sql_database import SqlDatabase

HOLDING = "relay"


class Relay:
    """Publishes from the database, so that whoever commits never waits for a broker.

    Args:
        url: of RabbitMQ.
        relayed_seconds: after this a job that nobody has leased is looked after.
    """

    def __init__(self, database: SqlDatabase, url: str, relayed_seconds: float = RELAYED_SECONDS) -> None:
        self._database = database
        self._link = RabbitLink(url, "mootion relay", _prepare)
        self._relays = (
            JobRelay(database, self._link, relayed_seconds),
            EventRelay(database, self._link),
            DeadRelay(database, self._link),
        )

    async def run(self) -> None:
        """Waits for its turn among all processes, and relays until cancelled.

        Raises:
            StorageUnavailable: the database does not answer, so another process may have the turn by now.
        """
        async with self._database.holding(HOLDING):
            try:
                async with asyncio.TaskGroup() as group:
                    for relay in self._relays:
                        group.create_task(_to_the_end(relay.run()))
            finally:
                await self._link.close()


async def _to_the_end(relaying: Awaitable[None]) -> None:
    """A relay that ends though nobody told it to is a failure: the others would go on without it and say nothing."""
    try:
        await relaying
    except asyncio.CancelledError:
        if is_told_to_stop():
            raise
    raise StorageUnavailable("RabbitMQ: the connection was lost; repeat later")


async def _prepare(session: Session) -> None:
    """Each relay declares what it publishes to."""
