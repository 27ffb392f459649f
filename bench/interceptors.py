"""P1: a unary call through every interceptor against a bare grpc.aio echo, in interleaved rounds.

`python -m bench.interceptors` prints one JSON line. Each server runs in a process of its own; the client sends the same
request to both with the same number of calls under way. `throughput_ratio` is calls a second, ours by bare (higher is
better); `server_cpu_ratio` is processor time of the server for a call, bare by ours. With `--fastapi` a FastAPI
application that does the same work is measured in the same rounds (`pip install fastapi` first; nothing else needs it).
"""

import asyncio
import json
import statistics
import sys
import tempfile
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import grpc

from bench.fastapi_echo import PATH, HttpCalls, serve_fastapi
from bench.target import Target, forget, loaded

TOY_STUBS = Path(__file__).parent.parent / "tests" / "gen"
ECHO = "/mootion.toy.v1.ToyService/Echo"
SAID = {
    "mootion-principal": "01970000-0000-7000-8000-000000000001",
    "mootion-role": "STUDENT",
    "mootion-caller": "toy",
    "mootion-request-id": "01970000-0000-7000-8000-000000000002",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
}
TEXT = "What is the speed of sound in air at twenty degrees?"
PASSES_AT = 0.6


def serve_bare(port: int, ready: Event, folder: str) -> None:
    """A grpc.aio server with one handler and nothing else."""
    rpc, toy = stubs()

    class Bare(rpc.ToyServiceServicer):  # type: ignore[misc, name-defined]
        async def Echo(self, request: Any, context: Any) -> Any:
            return toy.EchoResponse(text=request.text)

    async def main() -> None:
        server = grpc.aio.server()
        rpc.add_ToyServiceServicer_to_server(Bare(), server)
        server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        ready.set()
        await server.wait_for_termination()

    asyncio.run(main())


def serve_meshed(port: int, ready: Event, folder: str, tls_dir: Path | None = None) -> None:
    """The same handler behind every interceptor, its access log going to a file; `tls_dir` has its certificates."""
    rpc, toy = stubs()
    from mesh.config import Settings
    from mesh.runtime import Runtime, open_runtime
    from mesh.server import serve
    from mesh.service import Parts, Servicer

    class Meshed(rpc.ToyServiceServicer):  # type: ignore[misc, name-defined]
        async def Echo(self, request: Any, context: Any) -> Any:
            return toy.EchoResponse(text=request.text)

    def build(runtime: Runtime) -> Parts:
        service = toy.DESCRIPTOR.services_by_name["ToyService"]
        return Parts("toy", [Servicer(Meshed(), rpc.add_ToyServiceServicer_to_server, service)])

    async def main() -> None:
        settings = Settings(data_dir=Path(folder), grpc_port=port, metrics_port=0, tls_dir=tls_dir)
        with (Path(folder) / "access.log").open("w") as log:
            async with open_runtime(settings, "toy", log=log) as runtime:
                await serve(runtime, [build(runtime)], until=asyncio.Event(), ready=ready.set, partial=True)

    asyncio.run(main())


def stubs() -> tuple[Any, Any]:
    """The generated modules of the toy service: calls and messages."""
    sys.path.insert(0, str(TOY_STUBS))
    from mootion.toy.v1 import (  # type: ignore[attr-defined,unused-ignore]
        toy_service_pb2,
        toy_service_pb2_grpc,
    )

    return toy_service_pb2_grpc, toy_service_pb2


async def compare(rounds: int, calls: int, at_once: int, *, with_fastapi: bool = False) -> dict[str, Any]:
    """Medians over the rounds, of each server and as ratios."""
    rpc, toy = stubs()
    request = toy.EchoRequest(text=TEXT)
    with tempfile.TemporaryDirectory(prefix="mootion-bench-") as folder:
        bare, meshed = Target(serve_bare, folder), Target(serve_meshed, folder)
        other = Target(serve_fastapi, folder) if with_fastapi else None
        try:
            async with (
                grpc.aio.insecure_channel(f"127.0.0.1:{bare.port}") as to_bare,
                grpc.aio.insecure_channel(f"127.0.0.1:{meshed.port}") as to_meshed,
            ):
                echo_bare = rpc.ToyServiceStub(to_bare).Echo
                echo_meshed = rpc.ToyServiceStub(to_meshed).Echo
                for number in range(rounds + 1):
                    if number == 1:
                        forget(*(target for target in (bare, meshed, other) if target))
                    said = signed(Path(folder))
                    await bare.measure(partial(echo_bare, request, metadata=said), calls, at_once)
                    await meshed.measure(partial(echo_meshed, request, metadata=said), calls, at_once)
                    if other is not None:
                        await _measure_http(other, signed(Path(folder), PATH), calls, at_once)
        finally:
            for target in (bare, meshed, other):
                if target is not None:
                    target.process.kill()
    return _summary(bare, meshed) | (_summary_of_fastapi(meshed, other) if other else {})


async def _measure_http(target: Target, said: tuple[tuple[str, str], ...], calls: int, at_once: int) -> None:
    http = HttpCalls(target.port, {"text": TEXT}, said)
    await target.measure(http.call, calls, at_once)
    http.close()


def signed(folder: Path, path: str = ECHO) -> tuple[tuple[str, str], ...]:
    """What a workload sends along; good for a minute, more than a round takes."""
    from mesh.secret_keys import read_or_make
    from mesh.signature import SIGNATURE_KEY, Signer

    signer = Signer(read_or_make(None, folder / "keys" / "mesh.key", "MOOTION_MESH_KEY"))
    return (*SAID.items(), (SIGNATURE_KEY, signer.sign(path, SAID)))


def _summary(bare: Target, meshed: Target) -> dict[str, Any]:
    ratio = statistics.median(ours / theirs for ours, theirs in zip(meshed.rates, bare.rates, strict=True))
    cpu = statistics.median(theirs / ours for ours, theirs in zip(meshed.cpu, bare.cpu, strict=True))
    return {
        "pass": ratio >= PASSES_AT,
        "throughput_ratio": round(ratio, 3),
        "server_cpu_ratio": round(cpu, 3),
        "bare_calls_per_second": round(statistics.median(bare.rates)),
        "our_calls_per_second": round(statistics.median(meshed.rates)),
        "bare_latency_us": round(statistics.median(bare.latencies) * 1e6),
        "our_latency_us": round(statistics.median(meshed.latencies) * 1e6),
        "bare_server_cpu_us": round(statistics.median(bare.cpu) * 1e6),
        "our_server_cpu_us": round(statistics.median(meshed.cpu) * 1e6),
    }


def _summary_of_fastapi(meshed: Target, other: Target) -> dict[str, Any]:
    ratio = statistics.median(ours / theirs for ours, theirs in zip(meshed.rates, other.rates, strict=True))
    return {
        "our_throughput_by_fastapi": round(ratio, 2),
        "fastapi_calls_per_second": round(statistics.median(other.rates)),
        "fastapi_latency_us": round(statistics.median(other.latencies) * 1e6),
        "fastapi_server_cpu_us": round(statistics.median(other.cpu) * 1e6),
    }


def main() -> None:
    """Runs the comparison."""
    parser = loaded(__doc__)
    parser.add_argument("--fastapi", action="store_true", help="measure a FastAPI application too")
    options = parser.parse_args()
    result = asyncio.run(
        compare(options.rounds, options.calls, options.at_once, with_fastapi=options.fastapi)
    )
    print(json.dumps({"id": "P1", "n": options.rounds * options.calls, "seed": None, **result}))


if __name__ == "__main__":
    main()
