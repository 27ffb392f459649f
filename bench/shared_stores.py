"""Cache, limits and blobs on real servers against the embedded ones, and how long the servers take to start.

`python -m bench.shared_stores` starts a ground of its own and prints a table; `--json` prints one JSON line.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ground.postgres import Postgres
from ground.postgres_replica import PostgresReplica
from ground.rabbitmq import RabbitMQ
from ground.redis_server import RedisServer
from ground.s3 import S3
from ground.server import Server
from mesh.config import Settings
from mesh.ports.blobs import CHUNK, Blobs
from mesh.ports.cache import Cache
from mesh.ports.limits import Limits
from mesh.ports.open_blobs import open_blobs
from mesh.ports.open_redis import open_redis

CALLS = 2000
VALUE = bytes(1000)
LARGE = 100 << 20
SMALL = 100_000

Figures = dict[str, float]


async def median_us(call: Callable[[int], Awaitable[object]], calls: int = CALLS) -> float:
    """Median time of one call after another, in microseconds."""
    seconds = []
    for number in range(calls):
        started = time.perf_counter()
        await call(number)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1e6


async def fleeting(name: str, cache: Cache, limits: Limits) -> Figures:
    """Cache and limits of one kind."""
    await cache.set("a", VALUE, 600)
    return {
        f"cache get, {name} (us)": await median_us(lambda number: cache.get("a")),
        f"cache set, {name} (us)": await median_us(lambda number: cache.set(str(number), VALUE, 600)),
        f"limit take, {name} (us)": await median_us(lambda number: limits.take("a", 1, 100, 60)),
    }


async def chunks(size: int) -> AsyncIterator[bytes]:
    """Zeros."""
    for start in range(0, size, CHUNK):
        yield bytes(min(CHUNK, size - start))


async def drained(blobs: Blobs, key: str) -> None:
    """Reads a blob through."""
    async for _ in blobs.stream(key):
        pass


async def bandwidth(call: Awaitable[object]) -> float:
    """MB a second of something that moves 100 MiB."""
    started = time.perf_counter()
    await call
    return LARGE / 1e6 / (time.perf_counter() - started)


async def stored(name: str, blobs: Blobs) -> Figures:
    """Blobs of one kind."""
    figures = {
        f"blob of 100 KB put, {name} (us)": await median_us(
            lambda number: blobs.put(f"small/{number}", chunks(SMALL)), 100
        ),
        f"blob of 100 KB read, {name} (us)": await median_us(
            lambda number: blobs.read(f"small/{number}"), 100
        ),
        f"blob of 100 MiB put, {name} (MB/s)": await bandwidth(blobs.put("large", chunks(LARGE))),
        f"blob of 100 MiB read, {name} (MB/s)": await bandwidth(drained(blobs, "large")),
    }
    started = time.perf_counter()
    await blobs.delete_prefix("small/")
    return figures | {f"100 blobs deleted by prefix, {name} (ms)": (time.perf_counter() - started) * 1e3}


async def measured(folder: Path, redis_url: str, s3: S3) -> Figures:
    """Everything, embedded and on servers."""
    embedded = Settings(data_dir=folder / "embedded")
    variables = {"REDIS_URL": redis_url, "MOOTION_DATA_DIR": str(folder), **s3.variables}
    shared = Settings.from_environment(variables)
    figures: Figures = {}
    for name, settings in (("memory", embedded), ("Redis", shared)):
        found = open_redis(settings, count=lambda port: None)
        figures |= await fleeting(name, found.cache, found.limits)
        await found.close()
    for name, settings in (("disk", embedded), ("S3 server for tests", shared)):
        figures |= await stored(name, await open_blobs(settings))
    return figures


def started(server: Server) -> Figures:
    """Seconds of a first start and of one after a kill."""
    first = server.start()
    server.kill()
    return {
        f"{server.name}: first start (s)": first,
        f"{server.name}: start after a kill (s)": server.start(),
    }


def run() -> Figures:
    """Measures on servers of its own, which end with it."""
    with tempfile.TemporaryDirectory(prefix="mootion-bench-") as name:
        folder = Path(name)
        kinds = (Postgres, PostgresReplica, RedisServer, RabbitMQ, S3)
        servers: dict[str, Server] = {kind.name: kind(folder, tethered=True) for kind in kinds}
        figures: Figures = {}
        try:
            for server in servers.values():
                figures |= started(server)
            s3 = S3(folder)
            figures |= asyncio.run(measured(folder, servers[RedisServer.name].url, s3))
        finally:
            for server in servers.values():
                server.kill()
    return figures


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line")
    as_json = parser.parse_args().json
    figures = run()
    if as_json:
        print(json.dumps(figures))
        return
    table = Table("what", "measured")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}" if value < 10 else f"{value:,.0f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
