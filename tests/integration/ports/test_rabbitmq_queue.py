"""Messages of RabbitMQ that come twice, not at all, too often, or to somebody else; the row decides."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh.config import Settings
from mesh.ports import queue_rabbitmq, rabbit_inbox
from mesh.ports.failures import StorageUnavailable
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Lease, Queue
from mesh.ports.queue_rabbitmq import RabbitQueue
from mesh.ports.rabbit_topology import DELIVERY_LIMIT, queue_name
from mesh.ports.relay import Relay
from mesh.ports.sql_sqlite import SqliteDatabase
from tests.contract.ports.stores import Stores
from tests.integration.ports import broker
from tests.integration.ports.working import TOPIC, eventually
from tests.stopwatch import Stopwatch, needing_less_than, undisturbed

QUEUE = queue_name(TOPIC, urgent=False)
# For what is not to come.
SOON = 3.0
# For what comes, on a machine that does much else.
LONG = 60.0
RELAYED_SECONDS = 0.5


@pytest.fixture
async def ports(tmp_path: Path, amqp_url: str) -> AsyncIterator[Ports]:
    ports = await open_ports(Settings(data_dir=tmp_path, amqp_url=amqp_url))
    assert isinstance(ports.database, SqliteDatabase)
    relay = asyncio.create_task(Relay(ports.database, amqp_url, RELAYED_SECONDS).run())
    yield ports
    relay.cancel()
    await asyncio.wait([relay])
    await ports.close()


@pytest.fixture
async def other(ports: Ports, amqp_url: str) -> AsyncIterator[Queue]:
    """The queue as another worker has it."""
    assert isinstance(ports.database, SqliteDatabase)
    queue = RabbitQueue(ports.database, amqp_url)
    yield queue
    await queue.close()


async def leased(queue: Queue, key: str = "a") -> Lease:
    lease = await queue.lease(TOPIC, wait_seconds=LONG)
    assert lease is not None and lease.key == key
    return lease


async def test_a_message_that_comes_twice_leases_its_job_once(
    ports: Ports, other: Queue, amqp_url: str
) -> None:
    await ports.queue.publish(TOPIC, "a", b"")
    lease = await leased(ports.queue)
    await broker.publish(amqp_url, TOPIC, "a")
    assert await other.lease(TOPIC, wait_seconds=SOON) is None
    assert await lease.acknowledge()
    await broker.publish(amqp_url, TOPIC, "a")
    assert await other.lease(TOPIC, wait_seconds=SOON / 2) is None


async def test_a_message_for_nothing_is_dropped(ports: Ports, amqp_url: str) -> None:
    assert await ports.queue.lease(TOPIC, wait_seconds=0) is None
    await broker.publish(amqp_url, TOPIC, "unknown")
    await ports.queue.publish(TOPIC, "a", b"")
    await leased(ports.queue)


async def test_a_message_that_was_lost_is_published_again(ports: Ports, amqp_url: str) -> None:
    assert await ports.queue.lease(TOPIC, wait_seconds=0) is None
    await ports.queue.publish(TOPIC, "a", b"")
    await broker.filled(amqp_url, QUEUE)
    await broker.purge(amqp_url, QUEUE)
    assert (await leased(ports.queue)).attempt == 1


async def test_a_job_that_only_waits_long_is_not_published_again(ports: Ports, amqp_url: str) -> None:
    await ports.queue.publish(TOPIC, "a", b"")
    await asyncio.sleep(RELAYED_SECONDS * 4)
    async with broker.channel(amqp_url) as mine:
        queue = await mine.declare_queue(QUEUE, passive=True)
    assert queue.declaration_result.message_count == 1


async def test_a_queue_that_was_deleted_is_made_again(ports: Ports, amqp_url: str) -> None:
    await ports.queue.publish(TOPIC, "a", b"")
    assert await (await leased(ports.queue)).acknowledge()
    async with broker.channel(amqp_url) as mine:
        await mine.queue_delete(QUEUE)
    await ports.queue.publish(TOPIC, "b", b"")
    await leased(ports.queue, "b")


async def test_a_message_delivered_too_often_sets_its_job_apart_until_it_is_replayed(
    ports: Ports, amqp_url: str
) -> None:
    await ports.queue.publish(TOPIC, "a", b"body")
    await broker.filled(amqp_url, QUEUE)
    await broker.give_back(amqp_url, QUEUE, DELIVERY_LIMIT + 1)

    async def is_dead() -> bool:
        return [dead.key for dead in await ports.queue.dead_letters(TOPIC)] == ["a"]

    await eventually(is_dead)
    assert await ports.queue.depth(TOPIC) == 0
    assert await ports.queue.lease(TOPIC, wait_seconds=0) is None
    assert await ports.queue.replay(TOPIC, "a")
    assert (await leased(ports.queue)).body == b"body"


async def test_a_worker_that_only_loses_its_connection_keeps_its_job(
    ports: Ports, other: RabbitQueue, amqp_url: str
) -> None:
    await ports.queue.publish(TOPIC, "a", b"")
    lease = await leased(other)
    (await other._link.session(0)).end()
    wait_seconds = queue_rabbitmq.GRACE_SECONDS + 2
    assert await ports.queue.lease(TOPIC, wait_seconds=wait_seconds) is None
    assert await lease.extend() and await lease.acknowledge()
    assert await ports.queue.depth(TOPIC) == 0


async def test_the_job_of_a_dead_worker_is_retaken_in_time_though_those_who_notice_die_too(
    ports: Ports, other: RabbitQueue, amqp_url: str
) -> None:
    await ports.queue.publish(TOPIC, "a", b"")
    await leased(other)
    await other.close()
    died, rounds = time.monotonic(), 4
    assert isinstance(ports.database, SqliteDatabase)
    with Stopwatch() as watch:
        for _ in range(rounds):
            witness = RabbitQueue(ports.database, amqp_url)
            early = await witness.lease(TOPIC, wait_seconds=0)
            if time.monotonic() - died >= queue_rabbitmq.GRACE_SECONDS:
                break
            assert early is None
            await asyncio.sleep(queue_rabbitmq.GRACE_SECONDS / rounds)
            await witness.close()
        noticed = max(queue_rabbitmq.GRACE_SECONDS, watch.seconds)
        lease = early or await leased(ports.queue)
    await witness.close()
    assert lease.attempt == 2
    assert watch.seconds < noticed + 1.5


async def test_a_job_held_for_long_stands_on_its_row_alone(
    ports: Ports, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_rabbitmq, "HOLD_SECONDS", 0.0)
    assert isinstance(ports.database, SqliteDatabase)
    database = ports.database

    async def held(seconds: float) -> None:
        topic, other = f"{TOPIC}.{seconds:g}", RabbitQueue(database, amqp_url)
        await ports.queue.publish(topic, "a", b"")
        lease = await other.lease(topic, wait_seconds=LONG, lease_seconds=seconds)
        with needing_less_than(seconds / 2):
            assert lease is not None and await lease.extend()
        with needing_less_than(seconds):
            await other.close()
            assert await ports.queue.lease(topic, wait_seconds=seconds / 2) is None
            assert lease is not None and await lease.extend() and await lease.acknowledge()

    await undisturbed(held, 1.0, 4.0, 16.0)


async def test_a_lease_that_ran_out_though_its_worker_lives_goes_to_another(
    ports: Ports, other: Queue
) -> None:
    await ports.queue.publish(TOPIC, "a", b"")
    late = await other.lease(TOPIC, wait_seconds=LONG, lease_seconds=0.2)
    again = await leased(ports.queue)
    assert late is not None and (again.token, again.attempt) == (late.token + 1, 2)
    await other.close()
    assert await ports.queue.lease(TOPIC, wait_seconds=queue_rabbitmq.GRACE_SECONDS + 1.5) is None
    assert await again.acknowledge()


async def test_urgent_jobs_are_seen_while_others_flow(ports: Ports) -> None:
    for number in range(20):
        await ports.queue.publish(TOPIC, str(number), b"")
    assert await (await leased(ports.queue, "0")).acknowledge()
    await ports.queue.publish(TOPIC, "urgent", b"", priority=1)
    await Stores(ports.database, ports.queue, ports.events, ports.replies, has_broker=True).carried()
    # By then it is looked for, whether the bell has rung or not.
    await asyncio.sleep(rabbit_inbox.LOOK_SECONDS)
    await leased(ports.queue, "urgent")


async def test_without_a_broker_callers_commit_and_workers_are_told_in_time(tmp_path: Path) -> None:
    ports = await open_ports(Settings(data_dir=tmp_path, amqp_url="amqp://127.0.0.1:9/"))
    with Stopwatch() as watch:
        await ports.queue.publish(TOPIC, "a", b"")
        assert await ports.queue.depth(TOPIC) == 1
        assert watch.seconds < 1
        with pytest.raises(StorageUnavailable):
            await ports.queue.lease(TOPIC, wait_seconds=0.5)
    assert watch.seconds < 2
    await ports.close()
