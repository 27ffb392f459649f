"""The ports that share one unit of work."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import select

from mesh.ports.events import Events
from mesh.ports.queue import Queue
from mesh.ports.replies import Replies
from mesh.ports.sql import Database
from mesh.ports.tables import JobState, queue_jobs


@dataclass(frozen=True)
class Stores:
    """A database and what belongs to it."""

    database: Database
    queue: Queue
    events: Events
    replies: Replies
    has_broker: bool = False

    async def carried(self) -> None:
        """Waits until every job that was published is where workers look."""
        waiting = select(queue_jobs.c.seq).where(queue_jobs.c.state == JobState.WAITING)
        while self.has_broker:
            async with self.database.reading() as reader:
                if (await reader.execute(waiting)).first() is None:
                    return
            await asyncio.sleep(0.01)
