"""Opens what carries jobs and events: the database by itself, or RabbitMQ beside it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mesh.config import Settings
from mesh.ports.events import Events
from mesh.ports.events_sql import SqlEvents
from mesh.ports.queue import Queue
from mesh.ports.queue_sql import SqlQueue
from mesh.ports.sql_database import SqlDatabase


async def _nothing() -> None:
    """Where the connections are the database's."""


@dataclass(frozen=True)
class Carriers:
    """Jobs and events on their way.

    `relay` runs for as long as a process serves, in as many processes as there are; None where nothing is relayed.
    """

    queue: Queue
    events: Events
    relay: Callable[[], Awaitable[None]] | None = None
    close: Callable[[], Awaitable[None]] = _nothing


def open_carriers(settings: Settings, database: SqlDatabase) -> Carriers:
    """RabbitMQ where `AMQP_URL` is set. Connections are made when they are needed."""
    if settings.amqp_url is None:
        return Carriers(SqlQueue(database), SqlEvents(database))
    # Imported here: the embedded system needs no client of RabbitMQ.
    from mesh.ports.events_rabbitmq import RabbitEvents
    from mesh.ports.queue_rabbitmq import RabbitQueue
    from mesh.ports.relay import Relay

    url = settings.amqp_url
    queue, events = RabbitQueue(database, url), RabbitEvents(database, url)

    async def close() -> None:
        await queue.close()
        await events.close()

    return Carriers(queue, events, Relay(database, url).run, close)
