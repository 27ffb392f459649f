"""What there is on RabbitMQ: exchanges, queues and how messages look."""

from dataclasses import dataclass

from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, AbstractQueue

DEAD = "mootion.dead"
BELL = "mootion.bell"
EVENTS = "mootion.events"

# What the bell says when urgent jobs were published; nothing for others.
URGENT = b"urgent"

# Deaths of workers are counted in the rows, and end a job long before this does.
DELIVERY_LIMIT = 20


@dataclass(frozen=True)
class Notice:
    """What a message says: there is a job of this key. All else is in the job's row."""

    topic: str
    key: str

    @classmethod
    def read(cls, message: AbstractIncomingMessage) -> "Notice":
        """The notice in a message from a queue; one that names no job where the message is not of the relay."""
        return cls(str(message.headers.get("topic", "")), message.body.decode(errors="replace"))

    def message(self, message_id: str) -> Message:
        """The message to publish."""
        return Message(
            self.key.encode(),
            headers={"topic": self.topic},
            message_id=message_id,
            delivery_mode=DeliveryMode.PERSISTENT,
        )


def queue_name(topic: str, *, urgent: bool) -> str:
    """Quorum queues of RabbitMQ 3 know no priorities, so urgent jobs have a queue of their own."""
    return f"mootion.{topic}.urgent" if urgent else f"mootion.{topic}"


def event_queue_name(subscription: str) -> str:
    """Where the events of a subscription wait."""
    return f"{EVENTS}.{subscription}"


async def declare_jobs(channel: AbstractChannel, topic: str, *, urgent: bool) -> AbstractQueue:
    """A queue of jobs. Its `declaration_result` says how many messages are ready in it."""
    return await channel.declare_queue(
        queue_name(topic, urgent=urgent),
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD,
        },
    )


async def declare_dead(channel: AbstractChannel) -> AbstractQueue:
    """Where messages go that were delivered too often."""
    exchange = await channel.declare_exchange(DEAD, ExchangeType.FANOUT, durable=True)
    queue = await channel.declare_queue(DEAD, durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(exchange)
    return queue


async def declare_bell(channel: AbstractChannel) -> AbstractExchange:
    """Tells workers that wait that there are new messages, by topic."""
    return await channel.declare_exchange(BELL, ExchangeType.DIRECT, durable=True)


async def declare_events(channel: AbstractChannel) -> AbstractExchange:
    """Takes every event, by kind."""
    return await channel.declare_exchange(EVENTS, ExchangeType.TOPIC, durable=True)


async def declare_subscription(channel: AbstractChannel, subscription: str) -> AbstractQueue:
    """The queue of one subscription. Of all who consume it, the broker gives messages to one."""
    queue = await channel.declare_queue(
        event_queue_name(subscription),
        durable=True,
        arguments={"x-queue-type": "quorum", "x-single-active-consumer": True},
    )
    await queue.bind(await declare_events(channel), "#")
    return queue
