"""P7: how soon an enqueued job starts, and jobs a second, on each database with and without RabbitMQ.

`python -m bench.queues` measures SQLite alone and prints a table; `--real` starts PostgreSQL and RabbitMQ in a
temporary folder and measures all four; `--json` prints one JSON line. Workers are processes of their own.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from google.protobuf.struct_pb2 import Struct
from rich.console import Console
from rich.table import Table

from bench.stores import READY, SEED, TOPIC, Figures, end, percentiles, start
from ground.postgres import Postgres
from ground.rabbitmq import RabbitMQ
from mesh.config import Settings
from mesh.consuming import Consumer, Consuming
from mesh.migrations.apply import migrate_postgres
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Lease
from mesh.tracing import Tracing

LATENCY_TARGET_SECONDS = 0.1
WORKERS = (1, 2, 4)


@asynccontextmanager
async def opened(settings: Settings, *, serves: bool = False) -> AsyncIterator[Ports]:
    """The ports; with `serves` also the relay, as in a process that serves."""
    ports = await open_ports(settings)
    relaying = asyncio.ensure_future(ports.relay()) if serves and ports.relay is not None else None
    try:
        yield ports
    finally:
        if relaying is not None:
            relaying.cancel()
            with suppress(asyncio.CancelledError):
                await relaying
        await ports.close()


async def enqueue(ports: Ports, *keys: str) -> None:
    """Puts jobs into the queue by one transaction."""
    async with ports.database.transaction() as tx:
        for key in keys:
            tx.enqueue(TOPIC, Struct(), key=key)


async def record_starts(settings: Settings, starts: "multiprocessing.Queue[tuple[str, float]]") -> None:
    """Worker: tells when each job starts."""

    async def handle(lease: Lease) -> None:
        starts.put((lease.key, time.time()))

    async with opened(settings) as ports:
        starts.put((READY, 0.0))
        await Consuming(ports.queue, Tracing(), Consumer(TOPIC, handle)).run(asyncio.Event())


async def latency(settings: Settings, jobs: int) -> Figures:
    """From before the transaction that enqueues to the first line of the handler in another process."""
    chance = random.Random(SEED)
    starts: multiprocessing.Queue[tuple[str, float]] = multiprocessing.get_context("spawn").Queue()
    waits = []
    async with opened(settings, serves=True) as ports:
        worker = start(record_starts, settings, starts)
        await asyncio.to_thread(starts.get)
        for number in range(-10, jobs):
            await asyncio.sleep(chance.uniform(0.02, 0.08))
            enqueued = time.time()
            await enqueue(ports, str(number))
            _, started = await asyncio.to_thread(starts.get)
            if number >= 0:
                waits.append(started - enqueued)
        # Ended before it has settled the last job, it would leave a lease that others wait for.
        await fallen(ports, 0)
        end(worker)
    return percentiles("enqueue_to_start_ms", waits, 1000)


async def drain(settings: Settings) -> None:
    """Worker: does nothing with each job, as fast as it can."""

    async def handle(lease: Lease) -> None:
        return None

    async with opened(settings) as ports:
        await Consuming(ports.queue, Tracing(), Consumer(TOPIC, handle, concurrency=2)).run(asyncio.Event())


async def throughput(settings: Settings, jobs: int, workers: int) -> Figures:
    """Jobs relayed where there is a broker, leased, handled and acknowledged a second, from a full queue."""
    async with opened(settings, serves=True) as ports:
        for first in range(0, jobs, 500):
            keys = range(first, min(jobs, first + 500))
            await enqueue(ports, *(f"{workers}-{number}" for number in keys))
        running = [start(drain, settings) for _ in range(workers)]
        await fallen(ports, jobs - 1)
        left, began = await ports.queue.depth(TOPIC), time.perf_counter()
        await fallen(ports, 0)
        seconds = time.perf_counter() - began
        for worker in running:
            end(worker)
    return {f"jobs_per_second_{workers}_workers": left / seconds}


async def fallen(ports: Ports, depth: int) -> None:
    """Waits until no more jobs are left."""
    while await ports.queue.depth(TOPIC) > depth:  # noqa: ASYNC110 - workers in other processes take them
        await asyncio.sleep(0.02)


async def measure(settings: Settings, scale: float) -> Figures:
    """Latency with nothing else to do, then throughput by more and more workers."""
    figures = await latency(settings, int(300 * scale))
    for workers in WORKERS:
        figures |= await throughput(settings, int(3000 * scale), workers)
    return figures


@contextmanager
def sides(folder: Path, *, real: bool) -> Iterator[dict[str, Settings]]:
    """What is compared, by name; the servers end with the block."""
    alone = Settings(data_dir=folder / "alone")
    if not real:
        yield {"SQLite": alone}
        return
    with ExitStack() as stack:
        postgres, rabbitmq = Postgres(folder, tethered=True), RabbitMQ(folder, tethered=True)
        for server in (postgres, rabbitmq):
            stack.callback(server.kill)
            server.start()
        databases = [postgres.create_database(f"bench{number}") for number in range(2)]
        for url in databases:
            migrate_postgres(url)
        broker = replace(Settings(data_dir=folder / "beside"), amqp_url=rabbitmq.create_vhost("bench0"))
        yield {
            "SQLite": alone,
            "SQLite, RabbitMQ": broker,
            "PostgreSQL": Settings(data_dir=folder, database_url=databases[0]),
            "PostgreSQL, RabbitMQ": Settings(
                data_dir=folder, database_url=databases[1], amqp_url=rabbitmq.create_vhost("bench1")
            ),
        }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", action="store_true", help="PostgreSQL and RabbitMQ too")
    parser.add_argument("--json", action="store_true", help="one JSON line instead of a table")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how much of everything; 0.1 is a quick look"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sides(Path(folder), real=options.real) as compared:
        figures = {name: asyncio.run(measure(settings, options.scale)) for name, settings in compared.items()}
    passed = all(
        found["enqueue_to_start_ms_p99"] < 1000 * LATENCY_TARGET_SECONDS for found in figures.values()
    )
    if options.json:
        print(json.dumps({"id": "P7", "seed": SEED, "pass": passed, "numbers": figures}))
    else:
        show(figures)
    sys.exit(0 if passed else 1)


def show(figures: dict[str, Figures]) -> None:
    """Prints a table, one column for each side."""
    table = Table("", *figures, title="Jobs")
    for name in next(iter(figures.values())):
        table.add_row(name, *(f"{found[name]:,.1f}" for found in figures.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
