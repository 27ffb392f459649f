"""P6: 100 people who wait for a document, told by a stream or asking again and again.

`python -m bench.watchers` prints one JSON line. The system is the real document service in a process of its own on the
embedded stores, with the real edge before it. One document changes once a second; 100 watchers follow it, first by
WatchDocument, then by GetDocument once a second, in interleaved rounds. `calls` are what the edge was asked,
`cpu_seconds` what service and edge used, `delay_ms` the time from the end of the change to when a watcher has it.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.api import httpbody_pb2
from mootion.document.v1 import document_service_pb2 as messages
from mootion.document.v1 import document_service_pb2_grpc as rpc
from mootion.document.v1 import processing_service_pb2, processing_service_pb2_grpc

from mesh.secret_keys import read_or_make
from mesh.signature import SIGNATURE_KEY, Signer
from tests.e2e.calls import SAMPLE
from tests.e2e.full_system import FullSystem, prepared, running

WATCHERS = 100
POLL_SECONDS = 1.0
# That of the upload, which nobody waits for.
FIRST_SEQUENCE = 1
REPORT = "/mootion.document.v1.DocumentProcessingService/ReportProgress"


@dataclass
class Round:
    """What one way of watching cost and gave."""

    calls: int = 0
    cpu_seconds: float = 0.0
    delays: list[float] = field(default_factory=list)


@dataclass
class World:
    """The edge as watchers see it, and the service as the worker does."""

    system: FullSystem
    stub: Any
    worker: Any
    changed_at: dict[int, float] = field(default_factory=dict)

    async def upload(self) -> str:
        """A document that no worker takes up."""

        async def parts() -> Any:
            yield messages.UploadDocumentRequest(filename="watched.pdf")
            yield messages.UploadDocumentRequest(content=httpbody_pb2.HttpBody(data=SAMPLE.read_bytes()))

        document_id: str = (await self.stub.UploadDocument(parts())).document.document_id
        return document_id

    async def get(self, document_id: str) -> Any:
        """The document as it is now."""
        reply = await self.stub.GetDocument(messages.GetDocumentRequest(document_id=document_id))
        return reply.document

    def signed(self) -> tuple[tuple[str, str], ...]:
        """What a document worker says of itself."""
        key = Path(self.system.environment["MOOTION_DATA_DIR"]) / "keys" / "mesh.key"
        said = {"mootion-caller": "document-worker"}
        signature = Signer(read_or_make(None, key, "MOOTION_MESH_KEY")).sign(REPORT, said)
        return (*said.items(), (SIGNATURE_KEY, signature))

    async def change(self, document_id: str, times: int) -> None:
        """Changes it once a second as its worker would, and notes when each change was made."""
        for percent in range(1, times + 1):
            request = processing_service_pb2.ReportProgressRequest(
                document_id=document_id, lease_token=1, progress_percent=percent
            )
            before = (await self.get(document_id)).sequence
            await self.worker.ReportProgress(request, metadata=self.signed())
            self.changed_at[before + 1] = time.perf_counter()
            await asyncio.sleep(1)

    def cpu_seconds(self) -> float:
        """What service and edge have used so far."""
        used = 0.0
        for process in self.system.children("services.document") + self.system.children("envoy"):
            times = process.cpu_times()
            used += times.user + times.system
        return used


async def by_stream(world: World, document_id: str, over: asyncio.Event, found: Round) -> None:
    """One watcher that is told."""
    found.calls += 1
    call = world.stub.WatchDocument(messages.WatchDocumentRequest(document_id=document_id))
    ending = asyncio.ensure_future(over.wait())
    ending.add_done_callback(lambda _: call.cancel())
    try:
        async for change in call:
            _note(world, change.document.sequence, found)
    except asyncio.CancelledError:
        return


async def by_polling(world: World, document_id: str, over: asyncio.Event, found: Round) -> None:
    """One watcher that asks once a second."""
    seen = 0
    while not over.is_set():
        found.calls += 1
        document = await world.get(document_id)
        if document.sequence > seen:
            seen = document.sequence
            _note(world, seen, found)
        await asyncio.sleep(POLL_SECONDS)


def _note(world: World, sequence: int, found: Round) -> None:
    """A watcher may know of a change before whoever made it has the reply: that is no delay."""
    now = time.perf_counter()
    if sequence > FIRST_SEQUENCE:
        found.delays.append(max(0.0, now - world.changed_at.get(sequence, now)))


async def measured(world: World, watch: Any, changes: int) -> Round:
    """One round: all watchers on a document of their own, and so many changes."""
    document_id, found, over = await world.upload(), Round(), asyncio.Event()
    world.changed_at.clear()
    before = world.cpu_seconds()
    loop = asyncio.get_running_loop()
    watchers = []
    for _ in range(WATCHERS):
        watchers.append(loop.create_task(watch(world, document_id, over, found)))
        await asyncio.sleep(POLL_SECONDS / WATCHERS)
    await world.change(document_id, changes)
    over.set()
    await asyncio.gather(*watchers)
    found.cpu_seconds = world.cpu_seconds() - before
    return found


async def measure(system: FullSystem, rounds: int, changes: int) -> dict[str, Any]:
    """Rounds of both ways in turn."""
    service = system.services["document"][0].environment["MOOTION_GRPC_PORT"]
    async with (
        grpc.aio.insecure_channel(f"127.0.0.1:{system.edge_port}") as edge,
        grpc.aio.insecure_channel(f"127.0.0.1:{service}") as inside,
    ):
        worker: Any = processing_service_pb2_grpc.DocumentProcessingServiceStub(inside)
        world = World(system, rpc.DocumentServiceStub(edge), worker)
        ways: dict[str, list[Round]] = {"stream": [], "polling": []}
        for _ in range(rounds):
            ways["stream"].append(await measured(world, by_stream, changes))
            ways["polling"].append(await measured(world, by_polling, changes))
    return {way: _numbers(found) for way, found in ways.items()}


def _numbers(rounds: list[Round]) -> dict[str, Any]:
    delays = sorted(delay for each in rounds for delay in each.delays)
    return {
        "calls": round(statistics.median(each.calls for each in rounds)),
        "cpu_seconds": round(statistics.median(each.cpu_seconds for each in rounds), 2),
        "delay_ms_p50": round(statistics.median(delays) * 1000, 1),
        "delay_ms_p99": round(delays[int(len(delays) * 0.99)] * 1000, 1),
        "seen": len(delays),
    }


def main() -> None:
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--changes", type=int, default=20, help="changes of the document in a round, one a second"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mootion-bench-") as folder:
        system = prepared(Path(folder), services=("document",), workers=(), log_level="error")
        with running(system, "/v1/documents"):
            numbers = asyncio.run(measure(system, chosen.rounds, chosen.changes))
    stream, polling = numbers["stream"], numbers["polling"]
    ratios = {
        "calls_ratio": round(stream["calls"] / polling["calls"], 4),
        "cpu_ratio": round(stream["cpu_seconds"] / polling["cpu_seconds"], 3),
        "delay_ratio": round(stream["delay_ms_p50"] / polling["delay_ms_p50"], 3),
    }
    passed = all(ratio < 1 for ratio in ratios.values())
    print(json.dumps({"id": "P6", "n": WATCHERS, "seed": 0, **numbers, **ratios, "pass": passed}))


if __name__ == "__main__":
    main()
