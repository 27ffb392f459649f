"""Opens the adapters that the settings ask for."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mesh.config import ConfigurationError, Settings
from mesh.ids import Ids
from mesh.ports.blobs import Blobs
from mesh.ports.blobs_disk import DiskBlobs
from mesh.ports.cache import Cache
from mesh.ports.events import Events
from mesh.ports.events_sql import SqlEvents
from mesh.ports.limits import Limits
from mesh.ports.open_database import open_database
from mesh.ports.open_redis import Fleeting, open_redis
from mesh.ports.queue import Queue
from mesh.ports.queue_sql import SqlQueue
from mesh.ports.replies import Replies
from mesh.ports.replies_sql import SqlReplies
from mesh.ports.retention import sweep_always
from mesh.ports.sql import Database


@dataclass(frozen=True)
class Ports:
    """The stores a process works with."""

    database: Database
    blobs: Blobs
    queue: Queue
    events: Events
    fleeting: Fleeting = field(repr=False)
    replies: Replies
    upkeep: asyncio.Task[None] = field(repr=False)

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
        await self.queue.close()
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
    _check(settings)
    database = await open_database(settings, now, new_id or Ids().new)
    return Ports(
        database=database,
        blobs=DiskBlobs(_file_of(settings.blob_url, settings.blob_dir)),
        queue=SqlQueue(database),
        events=SqlEvents(database),
        fleeting=open_redis(settings, unanswered),
        replies=SqlReplies(database),
        upkeep=asyncio.create_task(sweep_always(database)),
    )


def _check(settings: Settings) -> None:
    supported = {
        "BLOB_URL": (settings.blob_url, "file"),
        "AMQP_URL": (settings.amqp_url, None),
    }
    problems = [
        _problem(name, urlsplit(url).scheme, scheme)
        for name, (url, scheme) in supported.items()
        if url is not None and urlsplit(url).scheme != scheme
    ]
    if problems:
        raise ConfigurationError(problems)


def _problem(name: str, given: str, scheme: str | None) -> str:
    if scheme is None:
        return f"{name}: no adapter for {given}:// yet; leave it unset for the embedded one"
    return f"{name}: no adapter for {given}:// yet; give {scheme}:///absolute/path or leave it unset"


def _file_of(url: str | None, default: Path) -> Path:
    return default if url is None else Path(unquote(urlsplit(url).path))
