"""The ports that share one unit of work."""

from dataclasses import dataclass

from mesh.ports.events import Events
from mesh.ports.queue import Queue
from mesh.ports.replies import Replies
from mesh.ports.sql import Database


@dataclass(frozen=True)
class Stores:
    """A database and what belongs to it."""

    database: Database
    queue: Queue
    events: Events
    replies: Replies
