"""What mutual TLS costs: a unary call through every interceptor, in plain and with certificates on both sides.

`python -m bench.certificates` prints one JSON line. Each server runs in a process of its own; the client sends the same
request to both in interleaved rounds. `throughput_ratio` is calls a second with certificates by calls in plain;
`*_connection_ms` is the time from nothing to the first reply on a new connection.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import grpc

from bench.interceptors import TEXT, serve_meshed, signed, stubs
from bench.target import Target, forget, loaded
from mesh.certificates import tls13
from mesh.certificates.credentials import Credentials
from mesh.certificates.folder import Folder

TLS = "tls"
NAMED = (("grpc.ssl_target_name_override", "toy"),)


def serve_secured(port: int, ready: Event, folder: str) -> None:
    """The server behind every interceptor, with a certificate, asking for one."""
    serve_meshed(port, ready, folder, Path(folder) / TLS)


async def compare(rounds: int, calls: int, at_once: int, connections: int) -> dict[str, Any]:
    """Medians over the rounds, of both servers and as ratios."""
    with tempfile.TemporaryDirectory(prefix="mootion-bench-") as plain, tempfile.TemporaryDirectory() as own:
        tls = Path(own) / TLS
        Folder(tls, "mootion", timedelta(days=1), datetime.now(UTC)).bring_up({"toy": ["toy"]}, [])
        # Before the server's process starts: gRPC reads it once.
        os.environ.setdefault(tls13.VARIABLE, tls13.RSA_ONLY)
        in_plain, secured = Target(serve_meshed, plain), Target(serve_secured, own)
        credentials = Credentials(tls, "toy").channel()
        to_plain = partial(grpc.aio.insecure_channel, f"127.0.0.1:{in_plain.port}")
        to_secured = partial(grpc.aio.secure_channel, f"127.0.0.1:{secured.port}", credentials, NAMED)
        pairs = ((in_plain, to_plain, Path(plain)), (secured, to_secured, Path(own)))
        try:
            for target, connect, folder in pairs * (rounds + 1):
                if len(secured.rates) == 1 and len(in_plain.rates) == 1:
                    forget(in_plain, secured)
                await _round(target, connect, folder, calls, at_once)
            waits = [await _first_replies(pairs) for _ in range(connections)]
        finally:
            in_plain.process.kill()
            secured.process.kill()
    return _summary(in_plain, secured, waits)


Connect = Callable[[], grpc.aio.Channel]
Pairs = tuple[tuple[Target, Connect, Path], ...]


async def _round(target: Target, connect: Connect, folder: Path, calls: int, at_once: int) -> None:
    rpc, toy = stubs()
    async with connect() as channel:
        call = partial(rpc.ToyServiceStub(channel).Echo, toy.EchoRequest(text=TEXT), metadata=signed(folder))
        await target.measure(call, calls, at_once)


async def _first_replies(pairs: Pairs) -> list[float]:
    """Seconds to the first reply of each on a connection of its own."""
    rpc, toy = stubs()
    found = []
    for _, connect, folder in pairs:
        metadata, started = signed(folder), time.perf_counter()
        async with connect() as channel:
            await rpc.ToyServiceStub(channel).Echo(toy.EchoRequest(text=TEXT), metadata=metadata)
            found.append(time.perf_counter() - started)
    return found


def _summary(plain: Target, secured: Target, waits: list[list[float]]) -> dict[str, Any]:
    pairs = zip(secured.rates, plain.rates, strict=True)
    return {
        "throughput_ratio": round(statistics.median(ours / theirs for ours, theirs in pairs), 3),
        "plain_calls_per_second": round(statistics.median(plain.rates)),
        "secured_calls_per_second": round(statistics.median(secured.rates)),
        "plain_latency_us": round(statistics.median(plain.latencies) * 1e6),
        "secured_latency_us": round(statistics.median(secured.latencies) * 1e6),
        "plain_server_cpu_us": round(statistics.median(plain.cpu) * 1e6),
        "secured_server_cpu_us": round(statistics.median(secured.cpu) * 1e6),
        "plain_connection_ms": round(statistics.median(wait[0] for wait in waits) * 1e3, 2),
        "secured_connection_ms": round(statistics.median(wait[1] for wait in waits) * 1e3, 2),
    }


def main() -> None:
    """Runs the comparison."""
    parser = loaded(__doc__)
    parser.add_argument("--connections", type=int, default=50, help="new connections to each")
    options = parser.parse_args()
    result = asyncio.run(compare(options.rounds, options.calls, options.at_once, options.connections))
    print(json.dumps({"id": "certificates", "n": options.rounds * options.calls, "seed": None, **result}))


if __name__ == "__main__":
    main()
