"""P7 and more: how soon an enqueued job starts, jobs and transactions a second, blobs, what waiting costs.

`python -m bench.stores` measures the embedded adapters in a temporary folder and prints a table; `--json`
prints one JSON line; `--postgres` measures the same on a PostgreSQL server of its own. Workers are processes of
their own, as in production. Not named `queue`: that would hide the standard module from scripts in this folder.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from google.protobuf.struct_pb2 import Struct
from mootion.event.v1 import event_pb2
from rich.console import Console
from rich.table import Table as Printed
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, insert

from ground.postgres import Postgres
from mesh.config import Settings
from mesh.consuming import Consumer, Consuming
from mesh.migrations.apply import migrate_postgres
from mesh.ports.blobs import CHUNK
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Lease
from mesh.tracing import Tracing

SEED = 7
TOPIC = "bench"
READY = "ready"
SERVER = "server"
BLOB_BYTES = 100 << 20
LATENCY_TARGET_SECONDS = 0.1

Figures = dict[str, float]

metadata = MetaData()
rows = Table("bench_rows", metadata, Column("id", Integer, primary_key=True), Column("body", LargeBinary))


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Ports]:
    """The ports in a folder, or on the server whose URL lies in it."""
    server = folder / SERVER
    url = server.read_text() if server.exists() else None
    ports = await open_ports(Settings(data_dir=folder, database_url=url))
    await ports.database.create_tables(metadata)
    try:
        yield ports
    finally:
        await ports.close()


async def enqueue(ports: Ports, *keys: str) -> None:
    """Puts jobs into the queue by one transaction."""
    async with ports.database.transaction() as tx:
        for key in keys:
            tx.enqueue(TOPIC, Struct(), key=key)


async def record_starts(folder: Path, starts: "multiprocessing.Queue[tuple[str, float]]") -> None:
    """Worker: tells when each job starts."""

    async def handle(lease: Lease) -> None:
        starts.put((lease.key, time.time()))

    async with opened(folder) as ports:
        starts.put((READY, 0.0))
        await Consuming(ports.queue, Tracing(), Consumer(TOPIC, handle)).run(asyncio.Event())


async def latency(folder: Path, jobs: int) -> Figures:
    """From before the transaction that enqueues to the first line of the handler in another process."""
    chance = random.Random(SEED)
    starts: multiprocessing.Queue[tuple[str, float]] = multiprocessing.get_context("spawn").Queue()
    worker = start(record_starts, folder, starts)
    waits = []
    async with opened(folder) as ports:
        await asyncio.to_thread(starts.get)
        for number in range(jobs):
            await asyncio.sleep(chance.uniform(0.02, 0.08))
            enqueued = time.time()
            await enqueue(ports, str(number))
            key, started = await asyncio.to_thread(starts.get)
            assert key == str(number)
            waits.append(started - enqueued)
    end(worker)
    return percentiles("enqueue_to_start_ms", waits, 1000)


async def drain(folder: Path, concurrency: int) -> None:
    """Worker: does nothing with each job, as fast as it can."""

    async def handle(lease: Lease) -> None:
        return None

    async with opened(folder) as ports:
        consumer = Consumer(TOPIC, handle, concurrency=concurrency)
        await Consuming(ports.queue, Tracing(), consumer).run(asyncio.Event())


async def throughput(folder: Path, jobs: int, workers: int) -> Figures:
    """Jobs leased, handled and acknowledged a second, with a queue that is full at the start."""
    async with opened(folder) as ports:
        for first in range(0, jobs, 500):
            await enqueue(ports, *(f"{workers}-{number}" for number in range(first, min(jobs, first + 500))))
        running = [start(drain, folder, 2) for _ in range(workers)]
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


async def transactions(folder: Path, count: int, at_once: int) -> Figures:
    """Transactions of one insert, one event and one job, by so many tasks of one process."""
    waits = []

    async def write(ports: Ports, task: int) -> None:
        for number in range(count // at_once):
            began = time.perf_counter()
            async with ports.database.transaction() as tx:
                await tx.execute(insert(rows).values(body=b"x" * 500))
                tx.publish(event_pb2.Event(owner_id="ada"))
                tx.enqueue("unread", Struct(), key=f"{at_once}-{task}-{number}")
            waits.append(time.perf_counter() - began)

    async with opened(folder) as ports:
        began = time.perf_counter()
        await asyncio.gather(*(write(ports, task) for task in range(at_once)))
        seconds = time.perf_counter() - began
    figures = {f"transactions_per_second_{at_once}_at_once": len(waits) / seconds}
    return figures | percentiles(f"transaction_ms_{at_once}_at_once", waits, 1000)


async def reads(folder: Path, count: int) -> Figures:
    """Transactions that read one row."""
    async with opened(folder) as ports:
        began = time.perf_counter()
        for number in range(count):
            async with ports.database.reading() as reader:
                (await reader.execute(rows.select().where(rows.c.id == number + 1))).first()
    return {"reads_per_second": count / (time.perf_counter() - began)}


async def blobs(folder: Path) -> Figures:
    """Megabytes a second to the disk, synced, and back."""
    chunk = os.urandom(1 << 16)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BLOB_BYTES // len(chunk)):
            yield chunk

    async with opened(folder) as ports:
        began = time.perf_counter()
        await ports.blobs.put("bench", chunks())
        put = time.perf_counter() - began
        began = time.perf_counter()
        read = sum([len(piece) async for piece in ports.blobs.stream("bench")])
        got = time.perf_counter() - began
    assert read == BLOB_BYTES and CHUNK
    return {
        "blob_put_mb_per_second": BLOB_BYTES / put / 1e6,
        "blob_read_mb_per_second": BLOB_BYTES / got / 1e6,
    }


async def idle(folder: Path, seconds: float) -> Figures:
    """Processor time of a process that waits for jobs of two topics and runs five subscriptions."""

    async def handle_job(lease: Lease) -> None:
        return None

    async def handle_event(event: event_pb2.Event) -> None:
        return None

    async with opened(folder) as ports:
        consumers = [Consuming(ports.queue, Tracing(), Consumer(f"idle-{n}", handle_job)) for n in range(2)]
        tasks = [asyncio.create_task(consumer.run(asyncio.Event())) for consumer in consumers]
        tasks += [asyncio.create_task(ports.events.run(f"idle-{n}", handle_event)) for n in range(5)]
        for number in range(5):
            await ports.events.wait_until_handled(f"idle-{number}", 60)
        before = time.process_time()
        await asyncio.sleep(seconds)
        used = time.process_time() - before
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return {"idle_cpu_percent": 100 * used / seconds}


async def measure(folder: Path, scale: float, postgres: Postgres | None = None) -> Figures:
    """Everything in turn, each in a folder of its own, or with a database of its own."""
    parts: list[Callable[[Path], Coroutine[Any, Any, Figures]]] = [
        lambda path: latency(path, int(300 * scale)),
        lambda path: throughput(path, int(3000 * scale), 1),
        lambda path: throughput(path, int(3000 * scale), 2),
        lambda path: transactions(path, int(3000 * scale), 1),
        lambda path: transactions(path, int(3200 * scale), 16),
        lambda path: reads(path, int(3000 * scale)),
        blobs,
        lambda path: idle(path, 10 * scale),
    ]
    figures: Figures = {}
    for number, part in enumerate(parts):
        if postgres is not None:
            (folder / str(number)).mkdir()
            url = postgres.create_database(f"bench_{number}")
            migrate_postgres(url)
            (folder / str(number) / SERVER).write_text(url)
        figures |= await part(folder / str(number))
    return figures


def percentiles(name: str, values: list[float], factor: float) -> Figures:
    """The median and the 99th percentile."""
    ordered = sorted(values)
    return {
        f"{name}_p50": factor * ordered[len(ordered) // 2],
        f"{name}_p99": factor * ordered[int(len(ordered) * 0.99)],
    }


def start(work: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> BaseProcess:
    """A worker process."""
    process = multiprocessing.get_context("spawn").Process(target=run, args=(work, arguments), daemon=True)
    process.start()
    return process


def run(work: Callable[..., Coroutine[Any, Any, None]], arguments: tuple[object, ...]) -> None:
    """What a worker process does."""
    asyncio.run(work(*arguments))


def end(process: BaseProcess) -> None:
    """Ends a worker process."""
    process.kill()
    process.join()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON line instead of a table")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how much of everything; 0.1 is a quick look"
    )
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server started for it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        postgres = Postgres(Path(folder) / "ground", tethered=True) if options.postgres else None
        if postgres is not None:
            postgres.start()
        figures = asyncio.run(measure(Path(folder), options.scale, postgres))
        if postgres is not None:
            postgres.stop()
    passed = figures["enqueue_to_start_ms_p99"] < 1000 * LATENCY_TARGET_SECONDS
    if options.json:
        numbers = {name: round(value, 2) for name, value in figures.items()}
        result = {"id": "P7", "n": int(300 * options.scale), "seed": SEED, "pass": passed, "numbers": numbers}
        print(json.dumps(result))
    else:
        printed = Printed("figure", "value")
        for name, value in figures.items():
            printed.add_row(name, f"{value:,.1f}")
        Console().print(printed)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
