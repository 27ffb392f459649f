"""A broker that is killed, held still or blocked during thousands of publishes loses nothing and holds nobody up."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mootion.event.v1 import event_pb2
from sqlalchemy import select

from ground.rabbitmq import RabbitMQ
from mesh.background import Background
from mesh.consuming import Consumer, Consuming
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Lease
from mesh.ports.rabbit_link import RabbitUnavailable
from mesh.ports.sql_log import Position, SqlLog
from mesh.ports.sql_postgres import PostgresDatabase
from mesh.ports.tables import JobState, queue_jobs
from mesh.tracing import Tracing
from proofs.ground import Ground, Size
from proofs.history import judge
from proofs.numbers import CannotRun, Numbers
from proofs.real_servers import RealServers
from tests.integration.ports import broker, notebook
from tests.stopwatch import Stopwatch

CALLERS = 16
DEADLINE_SECONDS = 5.0
WAIT_SECONDS = 1.0
# How long a lease may take beside its wait: a connection that is given up.
MORE_SECONDS = 6.0
SUBSCRIPTION = "notebook"
# Where nothing moves for so long, nothing will.
STILL_SECONDS = 45.0
FAULTS = ("killed", "held", "blocked")


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Callers commit jobs and events; a relay, workers and a subscriber carry on as the broker lets them."""
    if ground.servers is None:
        raise CannotRun("the embedded queue is a table of the database: there is no broker to kill")
    count, chance = size.of(short=300, long=10_000), random.Random(seed)
    more = [chance.choice(FAULTS) for _ in range(4)]
    faults = ["killed"] if size is Size.SHORT else [*FAULTS, *more]
    numbers = Numbers(count)
    names = [f"job-{number}" for number in range(count)]
    # As in production: those who commit, those who relay and those who work are processes of their own.
    ports, relay, others = [await open_ports(ground.settings()) for _ in range(3)]
    await ports.database.create_tables(notebook.metadata)
    async with _relaying(relay), _working(others):
        await asyncio.sleep(broker.NEW_QUEUE_SECONDS)
        calling = asyncio.create_task(_call(ports, names, size.of(short=80, long=120)))
        for fault in faults:
            await _harm(numbers, ports, ground.servers, fault, chance.uniform(2.0, 5.0))
            await asyncio.sleep(chance.uniform(0.5, 3.0))
        acknowledged, slowest, refused = await calling
        began = time.monotonic()
        await _carried(ports)
        numbers.measured(carried_after_s=time.monotonic() - began)
    numbers.measured(callers=CALLERS, slowest_publish_s=slowest, publishes_refused=refused)
    numbers.check(slowest < DEADLINE_SECONDS, f"a publish took {slowest:.1f} s")
    await _judge(numbers, ports, names, acknowledged)
    for each in (ports, relay, others):
        await each.close()
    return numbers


async def _call(ports: Ports, names: list[str], a_second: int) -> tuple[list[str], float, int]:
    """Commits every name at a steady rate; gives those acknowledged, the longest call, and how many were refused."""
    waiting, acknowledged, times, refused = iter(names), [], [0.0], 0

    async def call(watch: Stopwatch) -> None:
        nonlocal refused
        for name in waiting:
            while True:
                began = watch.seconds
                try:
                    await notebook.note(ports, name)
                    break
                except OSError:
                    refused += 1
                    await asyncio.sleep(0.2)
            times.append(watch.seconds - began)
            acknowledged.append(name)
            await asyncio.sleep(max(0.0, CALLERS / a_second - times[-1]))

    with Stopwatch() as watch:
        await asyncio.gather(*(call(watch) for _ in range(CALLERS)))
    return acknowledged, max(times), refused


@asynccontextmanager
async def _relaying(ports: Ports) -> AsyncIterator[None]:
    """The relay, started again where it ends, as a process that serves does."""
    assert ports.relay is not None
    background = Background()
    background.start("proof", ports.relay)
    try:
        yield
    finally:
        await background.stop()


@asynccontextmanager
async def _working(ports: Ports) -> AsyncIterator[None]:
    """A worker and a subscriber, whose effects are rows."""

    async def handle(lease: Lease) -> None:
        async with ports.database.transaction() as tx:
            await notebook.accept(tx, lease.key, lease.token)

    async def follow(event: event_pb2.Event) -> None:
        async with ports.database.transaction() as tx:
            await notebook.mark_seen(tx, f"{event.owner_id} {event.event_id}")

    until = asyncio.Event()
    consumer = Consumer(notebook.TOPIC, handle, concurrency=8)
    working = asyncio.create_task(Consuming(ports.queue, Tracing(), consumer).run(until))
    background = Background()
    background.start("proof", lambda: ports.events.run(SUBSCRIPTION, follow))
    try:
        yield
    finally:
        until.set()
        await background.stop()
        await asyncio.wait([working])


async def _harm(numbers: Numbers, ports: Ports, servers: RealServers, fault: str, seconds: float) -> None:
    """One fault for a while; a caller that needs the broker itself is refused in time."""
    rabbitmq = servers.rabbitmq
    if fault == "killed":
        await asyncio.to_thread(rabbitmq.kill)
        await _check_refusal(numbers, ports)
        await asyncio.sleep(seconds)
        await servers.start(rabbitmq)
    elif fault == "held":
        rabbitmq.pause()
        await asyncio.sleep(seconds)
        rabbitmq.resume()
    else:
        await asyncio.to_thread(_watermark, rabbitmq, "0.000001")
        await asyncio.sleep(seconds)
        await asyncio.to_thread(_watermark, rabbitmq, "0.4")
    numbers.measured(**{fault: numbers.values.get(fault, 0) + 1})


def _watermark(rabbitmq: RabbitMQ, share: str) -> None:
    """Above this share of the memory the broker blocks every connection that publishes."""
    broker.control(rabbitmq, "set_vm_memory_high_watermark", share)


async def _check_refusal(numbers: Numbers, ports: Ports) -> None:
    with Stopwatch() as watch:
        try:
            lease = await ports.queue.lease("proof.nothing", wait_seconds=WAIT_SECONDS)
            numbers.check(lease is None, "a lease came from a broker that is dead")
        except RabbitUnavailable:
            numbers.measured(leases_refused=numbers.values.get("leases_refused", 0) + 1)
    took = watch.seconds
    longest = max(took, numbers.values.get("slowest_refusal_s", 0.0))
    numbers.measured(slowest_refusal_s=longest)
    numbers.check(took < WAIT_SECONDS + MORE_SECONDS, f"a lease from a dead broker took {took:.1f} s")


async def _carried(ports: Ports) -> None:
    """Waits until every job has ended and every event was handled, for as long as something goes on."""
    assert isinstance(ports.database, PostgresDatabase)
    log = SqlLog(ports.database)
    left, moved = (-1, Position()), time.monotonic()
    while True:
        depth, position = await ports.queue.depth(notebook.TOPIC), await log.position(SUBSCRIPTION)
        if depth == 0 and position == await log.end():
            return
        if (depth, position) != left:
            left, moved = (depth, position), time.monotonic()
        if time.monotonic() - moved > STILL_SECONDS:
            raise RuntimeError(
                f"everything stands still with {depth} jobs open, and events handled to {position}"
            )
        await asyncio.sleep(0.2)


async def _judge(numbers: Numbers, ports: Ports, names: list[str], acknowledged: list[str]) -> None:
    async with ports.database.reading() as reader:
        effects = await notebook.names(reader, notebook.effects)
        seen = await notebook.names(reader, notebook.seen)
        done = select(queue_jobs.c.key).where(queue_jobs.c.state == JobState.DONE)
        finished = list((await reader.execute(done)).scalars())
    numbers.add_history(judge(names, acknowledged, effects), "effects")
    numbers.add_history(judge(names, acknowledged, finished), "jobs")
    numbers.add_history(judge(names, acknowledged, [each.split()[0] for each in seen]), "events")
