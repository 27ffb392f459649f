"""Events by RabbitMQ come once and in order, whatever becomes of their messages."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aio_pika import Message
from mootion.event.v1 import event_pb2

from mesh.config import Settings
from mesh.ports import events_rabbitmq
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.outgoing import NewEvent
from mesh.ports.rabbit_events import EventMessage
from mesh.ports.rabbit_topology import EVENTS, event_queue_name
from mesh.ports.sql_log import LoggedEvent, Position
from tests.integration.ports import broker
from tests.relaying import relaying
from tests.stopwatch import Stopwatch

SUBSCRIPTION = "search"
QUEUE = event_queue_name(SUBSCRIPTION)


@pytest.fixture
async def ports(tmp_path: Path, amqp_url: str) -> AsyncIterator[Ports]:
    ports = await open_ports(Settings(data_dir=tmp_path, amqp_url=amqp_url))
    yield ports
    await ports.close()


class Subscriber:
    """Keeps the owners of the events it was given."""

    def __init__(self, ports: Ports) -> None:
        self.seen: list[str] = []
        self._running = asyncio.ensure_future(ports.events.run(SUBSCRIPTION, self._handle))

    async def stop(self) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])

    async def _handle(self, event: event_pb2.Event) -> None:
        self.seen.append(event.owner_id)


async def publish(ports: Ports, *owners: str) -> None:
    for owner in owners:
        async with ports.database.transaction() as tx:
            tx.publish(event_pb2.Event(owner_id=owner))


async def handled(ports: Ports) -> None:
    assert await ports.events.wait_until_handled(SUBSCRIPTION, 50)


async def test_events_come_by_messages_and_not_by_looking(
    ports: Ports, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_rabbitmq, "LOOK_SECONDS", 300.0)
    async with relaying(ports):
        subscriber = Subscriber(ports)
        await broker.consumed(amqp_url, QUEUE)
        await publish(ports, "first")
        await asyncio.sleep(1)
        with Stopwatch() as watch:
            await publish(ports, *map(str, range(20)))
            await handled(ports)
        assert watch.seconds < 3
        await subscriber.stop()
    assert subscriber.seen == ["first", *map(str, range(20))]


async def test_messages_that_were_lost_are_made_good_from_the_log(
    ports: Ports, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with relaying(ports):
        first = Subscriber(ports)
        await broker.consumed(amqp_url, QUEUE)
        await publish(ports, "a")
        await handled(ports)
        await first.stop()
        await publish(ports, "b", "c")
        await asyncio.sleep(0.5)
        await broker.purge(amqp_url, QUEUE)
        monkeypatch.setattr(events_rabbitmq, "LOOK_SECONDS", 300.0)
        await publish(ports, "d")
        second = Subscriber(ports)
        await handled(ports)
        await publish(ports, "e")
        await handled(ports)
        await second.stop()
    assert first.seen + second.seen == ["a", "b", "c", "d", "e"]


async def test_a_gap_between_messages_is_filled_before_what_follows_it(
    ports: Ports, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_rabbitmq, "LOOK_SECONDS", 300.0)
    async with relaying(ports):
        subscriber = Subscriber(ports)
        await broker.consumed(amqp_url, QUEUE)
        await publish(ports, "a")
        await handled(ports)
        async with broker.channel(amqp_url) as mine:
            queue = await mine.get_queue(QUEUE, ensure=False)
            await queue.unbind(EVENTS, "#")
            await publish(ports, "b", "c")
            await asyncio.sleep(0.5)
            assert subscriber.seen == ["a"]
            await queue.bind(EVENTS, "#")
        await publish(ports, "d")
        await handled(ports)
        await subscriber.stop()
    assert subscriber.seen == ["a", "b", "c", "d"]


async def test_a_message_that_comes_twice_and_one_that_is_none_of_ours_change_nothing(
    ports: Ports, amqp_url: str
) -> None:
    first = LoggedEvent(Position(0, 1), NewEvent(event_pb2.Event(owner_id="a"), {}))
    async with relaying(ports):
        subscriber = Subscriber(ports)
        await broker.consumed(amqp_url, QUEUE)
        await publish(ports, "a", "b")
        await handled(ports)
        async with broker.channel(amqp_url) as mine:
            exchange = await mine.get_exchange(EVENTS, ensure=False)
            key, message = EventMessage(first, Position()).message()
            await exchange.publish(message, key)
            await exchange.publish(Message(b"?"), key)
        await publish(ports, "c")
        await handled(ports)
        await asyncio.sleep(0.2)
        await subscriber.stop()
    assert subscriber.seen == ["a", "b", "c"]


async def test_without_a_relay_and_without_a_broker_events_come_from_the_log(tmp_path: Path) -> None:
    ports = await open_ports(Settings(data_dir=tmp_path, amqp_url="amqp://127.0.0.1:9/"))
    subscriber = Subscriber(ports)
    await publish(ports, "a", "b")
    await handled(ports)
    await subscriber.stop()
    assert subscriber.seen == ["a", "b"]
    await ports.close()
