"""Opens the adapters that the settings ask for."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from mesh.config import Settings
from mesh.ids import Ids
from mesh.ports.blobs import Blobs
from mesh.ports.cache import Cache
from mesh.ports.events import Events
from mesh.ports.limits import Limits
from mesh.ports.open_blobs import open_blobs
from mesh.ports.open_carriers import Carriers, open_carriers
from mesh.ports.open_database import open_database
from mesh.ports.open_redis import Fleeting, open_redis
from mesh.ports.queue import Queue
from mesh.ports.replies import Replies
from mesh.ports.replies_sql import SqlReplies
from mesh.ports.retention import sweep_always
from mesh.ports.sql import Database


@dataclass(frozen=True)
class Ports:
    """The stores a process works with."""

    database: Database
    blobs: Blobs
    carriers: Carriers = field(repr=False)
    fleeting: Fleeting = field(repr=False)
    replies: Replies
    upkeep: asyncio.Task[None] = field(repr=False)

    @property
    def queue(self) -> Queue:
        """Jobs for workers."""
        return self.carriers.queue

    @property
    def events(self) -> Events:
        """What happened, for those who subscribed."""
        return self.carriers.events

    @property
    def relay(self) -> Callable[[], Awaitable[None]] | None:
        """What a process that serves runs beside; None where nothing is relayed."""
        return self.carriers.relay

    @property
    def cache(self) -> Cache:
        """Replies worth keeping for a while."""
        return self.fleeting.cache

    @property
    def limits(self) -> Limits:
        """Counts of how often something is done."""
        return self.fleeting.limits

    async def close(self) -> None:
        """Ends upkeep and all connections, after the open unit of work."""
        self.upkeep.cancel()
        with suppress(asyncio.CancelledError):
            await self.upkeep
        await self.fleeting.close()
        await self.carriers.close()
        await self.database.close()


async def open_ports(
    settings: Settings,
    *,
    now: Callable[[], float] | None = None,
    new_id: Callable[[], str] | None = None,
    unanswered: Callable[[str], None] = lambda port: None,
) -> Ports:
    """Opens every port; files and tables are made where they are missing.

    Args:
        settings: which adapters, by URL; None is the embedded one.
        now: seconds since 1970, for leases and retention; None: the clock of this machine or of the database's.
        new_id: ids of events; UUIDv7 when not given.
        unanswered: told `cache` or `limits` at each call that went without an answer of Redis.

    Raises:
        ConfigurationError: a URL asks for an adapter that does not exist.
        OSError: a store cannot be opened.
    """
    database = await open_database(settings, now, new_id or Ids().new)
    return Ports(
        database=database,
        blobs=await open_blobs(settings),
        carriers=open_carriers(settings, database),
        fleeting=open_redis(settings, unanswered),
        replies=SqlReplies(database),
        upkeep=asyncio.create_task(sweep_always(database)),
    )
