"""P2: a call through Envoy against the same call straight at the service, in interleaved rounds.

`python -m bench.edge` prints one JSON line. The service is a bare grpc.aio server in a process of its own, so that the
difference is the edge's alone. Calls follow one another on a warm connection; figures are medians over the rounds of
each round's median and 95th percentile, in milliseconds. `rest_to_direct` and `grpc_to_direct` are ratios of the
medians. The service's work is a document of some fields, and a page of 100 passages of 1,000 characters.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing.synchronize import Event
from pathlib import Path

import grpc
import psutil
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from mootion.document.v1 import document_pb2, document_service_pb2, document_service_pb2_grpc

from gateway.edge import Edge
from mesh.config import Settings
from mesh.testing import free_port

SERVICE = "mootion.document.v1.DocumentService"
PASSAGES, CHARACTERS = 100, 1000
MOST_ADDED_MILLISECONDS = 5.0
Call = Callable[[], object]


async def get_document(
    request: document_service_pb2.GetDocumentRequest, context: object
) -> document_service_pb2.GetDocumentResponse:
    """A document as it is when it is READY."""
    document = document_pb2.Document(
        document_id=request.document_id, title="Waves and sound", state=document_pb2.READY, page_count=12
    )
    return document_service_pb2.GetDocumentResponse(document=document)


async def list_passages(
    request: document_service_pb2.ListPassagesRequest, context: object
) -> document_service_pb2.ListPassagesResponse:
    """A page of passages."""
    passage = document_pb2.Passage(document_id=request.document_id, text="x" * CHARACTERS)
    return document_service_pb2.ListPassagesResponse(passages=[passage] * PASSAGES)


def handlers() -> grpc.GenericRpcHandler:
    """The two methods that are called."""
    get = grpc.unary_unary_rpc_method_handler(
        get_document,
        request_deserializer=document_service_pb2.GetDocumentRequest.FromString,
        response_serializer=document_service_pb2.GetDocumentResponse.SerializeToString,
    )
    listing = grpc.unary_unary_rpc_method_handler(
        list_passages,
        request_deserializer=document_service_pb2.ListPassagesRequest.FromString,
        response_serializer=document_service_pb2.ListPassagesResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(SERVICE, {"GetDocument": get, "ListPassages": listing})


def serve(port: int, ready: Event) -> None:
    """The service, until its process is ended."""

    async def main() -> None:
        server, checks = grpc.aio.server(), health.aio.HealthServicer()
        server.add_generic_rpc_handlers((handlers(),))
        health_pb2_grpc.add_HealthServicer_to_server(checks, server)
        await checks.set(SERVICE, health_pb2.HealthCheckResponse.SERVING)
        server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        ready.set()
        await server.wait_for_termination()

    asyncio.run(main())


@contextmanager
def service(port: int) -> Iterator[None]:
    """The service while the block lasts."""
    spawning = multiprocessing.get_context("spawn")
    ready = spawning.Event()
    process = spawning.Process(target=serve, args=(port, ready), daemon=True)
    process.start()
    if not ready.wait(30):
        raise TimeoutError("the service did not start within 30 s")
    try:
        yield
    finally:
        process.kill()
        process.join()


def grpc_calls(address: str) -> dict[str, Call]:
    """The two calls by gRPC on one channel."""
    stub = document_service_pb2_grpc.DocumentServiceStub(grpc.insecure_channel(address))
    get = document_service_pb2.GetDocumentRequest(document_id="d1")
    passages = document_service_pb2.ListPassagesRequest(document_id="d1", page_size=PASSAGES)
    return {"get": lambda: stub.GetDocument(get), "list": lambda: stub.ListPassages(passages)}


def rest_calls(port: int) -> dict[str, Call]:
    """The two calls by REST on one connection; the bodies are read but not parsed."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(path: str) -> bytes:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}")
        return response.read()

    listing = f"/v1/documents/d1/passages?page_size={PASSAGES}"
    return {"get": lambda: ask("/v1/documents/d1"), "list": lambda: ask(listing)}


def measure(
    doors: dict[str, dict[str, Call]], rounds: int, calls: int, seed: int
) -> dict[str, dict[str, float]]:
    """For each door and call the medians over the rounds; the order within a round is drawn anew."""
    order, chance = [(door, name) for door, ways in doors.items() for name in ways], random.Random(seed)
    seen: dict[tuple[str, str], list[list[float]]] = {pair: [] for pair in order}
    for _ in range(rounds):
        chance.shuffle(order)
        for door, name in order:
            seen[door, name].append(sorted(_timed(doors[door][name]) for _ in range(calls)))
    return {
        f"{door}_{name}": {
            "median_ms": statistics.median(statistics.median(times) for times in found),
            "p95_ms": statistics.median(times[int(len(times) * 0.95)] for times in found),
        }
        for (door, name), found in sorted(seen.items())
    }


def _timed(call: Call) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def report(
    figures: dict[str, dict[str, float]], rounds: int, seed: int, megabytes: float
) -> dict[str, object]:
    """Passes when neither door adds more than five milliseconds to the median of a small call."""
    added = {
        door: figures[f"{door}_get"]["median_ms"] - figures["direct_get"]["median_ms"]
        for door in ("grpc", "rest")
    }
    ratios = {
        f"{door}_to_direct_{name}": round(
            figures[f"{door}_{name}"]["median_ms"] / figures[f"direct_{name}"]["median_ms"], 2
        )
        for door in ("grpc", "rest")
        for name in ("get", "list")
    }
    rounded = {name: {key: round(value, 3) for key, value in one.items()} for name, one in figures.items()}
    numbers: dict[str, object] = {
        **ratios,
        **{f"{door}_adds_ms": round(value, 3) for door, value in added.items()},
        **rounded,
        "envoy_resident_mb": round(megabytes, 1),
    }
    passed = max(added.values()) <= MOST_ADDED_MILLISECONDS
    return {"id": "P2", "n": rounds, "seed": seed, "pass": passed, "numbers": numbers}


async def run(rounds: int, calls: int, seed: int) -> dict[str, object]:
    """Starts everything, measures, and stops everything."""
    with tempfile.TemporaryDirectory() as folder:
        ports = [free_port() for _ in range(4)]
        settings = Settings(
            data_dir=Path(folder),
            edge_port=ports[0],
            edge_admin_port=ports[1],
            grpc_port=ports[2],
            media_port=ports[3],
        )
        edge = Edge(settings)
        with service(settings.grpc_port):
            await edge.start()
            try:
                doors = {
                    "direct": grpc_calls(f"127.0.0.1:{settings.grpc_port}"),
                    "grpc": grpc_calls(f"127.0.0.1:{settings.edge_port}"),
                    "rest": rest_calls(settings.edge_port),
                }
                measure(doors, 1, calls, seed)
                figures = await asyncio.to_thread(measure, doors, rounds, calls, seed)
                megabytes = psutil.Process(edge.pid).memory_info().rss / 1_048_576
            finally:
                await edge.stop()
    return report(figures, rounds, seed, megabytes)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=100, help="calls of each kind in a round")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(run(options.rounds, options.calls, options.seed))))


if __name__ == "__main__":
    main()
