"""P9: calls offered at half the knee, at the knee and at twice the knee, through the edge.

`python -m bench.overload` prints one JSON line. The system is the real document service in a process of its own on
the embedded stores, with the real edge before it. The call is ListPassages by gRPC, all passages of the sample
chapter: work enough for the service that the caller's own process does not decide the figures. The knee is what
callers get done who wait for each answer, so many of them that more would add nothing. Offered load is an open loop:
calls start by the clock, whether earlier ones have been answered or not. Goodput counts answers within a second; times
are milliseconds. `recovery_seconds` is how long after the overload ends the last call is refused. Refusals are timed
twice: by the caller, whose one process shares the machine with what it measures, and by the edge (`refusal_at_edge_ms`
from its access log), which is what has to be below 50.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import grpc
from google.api import httpbody_pb2
from mootion.document.v1 import document_pb2
from mootion.document.v1 import document_service_pb2 as messages
from mootion.document.v1 import document_service_pb2_grpc as rpc

from tests.e2e.calls import SAMPLE
from tests.e2e.full_system import FullSystem, prepared, running

IN_TIME_SECONDS = 1.0
WORST_SHARE = 0.9
MOST_REFUSAL_MILLISECONDS = 50.0
CALLERS = 32
# The edge lets a connection have 100 calls at once; what is more would wait in the caller.
CONNECTIONS = 8
METHOD = "/mootion.document.v1.DocumentService/ListPassages"
Get = Callable[[], Awaitable[Any]]


@dataclass
class Offered:
    """What became of the calls of one rate."""

    seconds: float
    good: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    refused_at: list[float] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)
    late: int = 0

    async def one(self, get: Get, began: float) -> None:
        """Makes one call and notes how it ended."""
        started = time.perf_counter()
        try:
            await get()
        except grpc.aio.AioRpcError as error:
            self._note(error, started, began)
            return
        took = time.perf_counter() - started
        if took <= IN_TIME_SECONDS:
            self.good.append(took)
        else:
            self.late += 1

    def _note(self, error: grpc.aio.AioRpcError, started: float, began: float) -> None:
        if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
            self.refused.append(time.perf_counter() - started)
            self.refused_at.append(time.perf_counter() - began)
        else:
            self.failed[error.code().name] = self.failed.get(error.code().name, 0) + 1

    def numbers(self) -> dict[str, Any]:
        """The figures of this rate."""
        return {
            "goodput": round(len(self.good) / self.seconds),
            "answer_ms_p50_p99": _percentiles(self.good),
            "refused": len(self.refused),
            "refusal_ms_p50_p99": _percentiles(self.refused),
            "late": self.late,
            "failed": self.failed,
        }


def _percentiles(seconds: list[float]) -> list[float]:
    if len(seconds) < 2:
        return []
    cuts = statistics.quantiles(seconds, n=100)
    return [round(cuts[49] * 1000, 1), round(cuts[98] * 1000, 1)]


async def knee(get: Get, seconds: float) -> float:
    """Calls a second that callers get done who wait for each answer."""
    over, done = time.perf_counter() + seconds, 0

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < over:
            await get()
            done += 1

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return done / seconds


async def offer(get: Get, rate: float, seconds: float) -> Offered:
    """Starts calls by the clock for so long."""
    offered, began = Offered(seconds), time.perf_counter()
    started, calls = 0, set[asyncio.Task[None]]()
    while (passed := time.perf_counter() - began) < seconds:
        for _ in range(int(passed * rate) - started):
            task = asyncio.create_task(offered.one(get, began))
            calls.add(task)
            task.add_done_callback(calls.discard)
            started += 1
        await asyncio.sleep(0.002)
    await asyncio.gather(*calls)
    return offered


async def uploaded(stub: Any) -> str:
    """The identifier of a document that is READY."""

    async def parts() -> Any:
        yield messages.UploadDocumentRequest(filename="load.pdf")
        yield messages.UploadDocumentRequest(content=httpbody_pb2.HttpBody(data=SAMPLE.read_bytes()))

    document_id: str = (await stub.UploadDocument(parts())).document.document_id
    async for change in stub.WatchDocument(messages.WatchDocumentRequest(document_id=document_id)):
        if change.document.state == document_pb2.READY:
            return document_id
    raise RuntimeError("the sample chapter did not become READY")


async def measure(port: int, seconds: float) -> dict[str, Any]:
    """All rates in turn."""
    async with AsyncExitStack() as stack:
        options = [("grpc.use_local_subchannel_pool", 1)]
        channels = [
            await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options))
            for _ in range(CONNECTIONS)
        ]
        stub: Any = rpc.DocumentServiceStub(channels[0])
        request = messages.ListPassagesRequest(document_id=await uploaded(stub), page_size=1000)
        body = request.SerializeToString()
        calls: Iterator[grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]]
        calls = itertools.cycle([channel.unary_unary(METHOD) for channel in channels])

        def get() -> Awaitable[Any]:
            called: Awaitable[Any] = next(calls)(body, timeout=10)
            return called

        await knee(get, 2)
        rate = await knee(get, seconds / 2)
        rates = {share: await offer(get, rate * share, seconds) for share in (0.5, 1.0, 2.0)}
        after = await offer(get, rate * 0.5, 5)
    return report(rate, rates, after)


def report(rate: float, rates: dict[float, Offered], after: Offered) -> dict[str, Any]:
    """The figures."""
    numbers = {f"{share:g}x": offered.numbers() for share, offered in rates.items()}
    best = max(each["goodput"] for each in numbers.values())
    share = numbers["2x"]["goodput"] / best
    recovery = max(after.refused_at, default=0.0)
    return {
        "knee_calls_a_second": round(rate),
        "goodput_at_2x_to_best": round(share, 3),
        **numbers,
        "recovery_seconds": round(recovery, 2),
    }


def refusals_at_edge(system: FullSystem) -> list[float]:
    """How long each refusal took the edge, in seconds."""
    log = system.folder / "data" / "logs" / "edge-access.log"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line["milliseconds"] / 1000 for line in lines if line["flags"] == "UO"]


def _in_process(port: int, seconds: float, result: Connection) -> None:
    result.send(asyncio.run(measure(port, seconds)))


def main() -> None:
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each rate lasts")
    parser.add_argument("--calls", type=int, default=200, help="MOOTION_MAX_CALLS of the service")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mootion-bench-") as folder:
        system = prepared(
            Path(folder),
            services=("document", "llm"),
            workers=("documents",),
            max_calls=chosen.calls,
            log_level="error",
        )
        with running(system, "/v1/documents"):
            receiving, sending = multiprocessing.Pipe(duplex=False)
            spawn = multiprocessing.get_context("spawn")
            caller = spawn.Process(target=_in_process, args=(system.edge_port, chosen.seconds, sending))
            caller.start()
            numbers = receiving.recv()
            caller.join()
            numbers["refusal_at_edge_ms_p50_p99"] = at_edge = _percentiles(refusals_at_edge(system))
    in_time = bool(at_edge) and at_edge[1] <= MOST_REFUSAL_MILLISECONDS
    good = numbers["goodput_at_2x_to_best"] >= WORST_SHARE and in_time and numbers["recovery_seconds"] < 1
    print(json.dumps({"id": "P9", "n": 1, "seed": 0, **numbers, "pass": good}))


if __name__ == "__main__":
    main()
