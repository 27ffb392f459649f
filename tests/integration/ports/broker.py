"""A broker that a test treats badly, and messages that it puts there itself."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aio_pika
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelNotFoundEntity

from ground.rabbitmq import RabbitMQ
from mesh.ports.rabbit_topology import Notice, queue_name

# RabbitMQ 3.10 forgets the identity of a quorum queue that is killed sooner after it was made.
NEW_QUEUE_SECONDS = 1.5
_CONTROL = Path("/usr/lib/rabbitmq/bin/rabbitmq-server").resolve().with_name("rabbitmqctl")


@asynccontextmanager
async def channel(url: str) -> AsyncIterator[AbstractChannel]:
    """A channel of the test's own."""
    async with await aio_pika.connect(url) as connection:
        yield await connection.channel()


async def publish(url: str, topic: str, key: str) -> None:
    """A message for a job, beside those of the relay."""
    async with channel(url) as mine:
        await mine.default_exchange.publish(
            Notice(topic, key).message(f"beside-{key}"), queue_name(topic, urgent=False)
        )


async def purge(url: str, queue: str) -> None:
    """Loses all messages of a queue."""
    async with channel(url) as mine:
        await (await mine.get_queue(queue, ensure=False)).purge()


async def filled(url: str, queue: str) -> None:
    """Waits until there is a message in a queue."""
    async with asyncio.timeout(60):
        while not await _messages(url, queue):  # noqa: ASYNC110 - another connection publishes
            await asyncio.sleep(0.05)


async def _messages(url: str, queue: str) -> int:
    with suppress(ChannelNotFoundEntity):
        async with channel(url) as mine:
            declared = await mine.declare_queue(queue, passive=True)
            return declared.declaration_result.message_count or 0
    return 0


async def consumed(url: str, queue: str) -> None:
    """Waits until somebody consumes a queue."""
    async with asyncio.timeout(60):
        while not await _consumers(url, queue):  # noqa: ASYNC110 - another connection consumes
            await asyncio.sleep(0.05)


async def _consumers(url: str, queue: str) -> int:
    with suppress(ChannelNotFoundEntity):
        async with channel(url) as mine:
            declared = await mine.declare_queue(queue, passive=True)
            return declared.declaration_result.consumer_count or 0
    return 0


async def give_back(url: str, queue: str, times: int) -> None:
    """Takes the first message and gives it back, as a worker that fails before it leases the row does."""
    for _ in range(times):
        async with channel(url) as mine:
            message = await (await mine.get_queue(queue, ensure=False)).get(fail=False)
            if message is not None:
                await message.reject(requeue=True)


async def started(rabbitmq: RabbitMQ) -> None:
    """Starts it and waits until it answers. It ends with the thread that launches it, so this one does."""
    rabbitmq.prepare()
    rabbitmq.launch()
    await asyncio.to_thread(rabbitmq.start)


def control(rabbitmq: RabbitMQ, *arguments: str) -> None:
    """Runs rabbitmqctl."""
    environment = rabbitmq.environment()
    command = [str(_CONTROL), "-n", environment["RABBITMQ_NODENAME"], *arguments]
    subprocess.run(command, env=dict(environment), check=True, capture_output=True, timeout=60)
