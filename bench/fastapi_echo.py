"""The echo of `bench.interceptors` as people build it with FastAPI on uvicorn, doing the same work for each call.

It checks a workload's signature, validates the body, sets a deadline, counts a limit, measures, and writes one line of
JSON to a log, as the mesh's interceptors do.
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Annotated, Any

PATH = "/v1/echo"
DEADLINE_SECONDS = 1.0
MOST_CALLS = 10_000_000


def serve_fastapi(port: int, ready: Event, folder: str) -> None:
    """One uvicorn process, with uvloop and httptools where they are installed, as `uvicorn[standard]` does."""
    import uvicorn

    config = uvicorn.Config(_application(Path(folder)), port=port, log_level="warning", access_log=False)
    server = uvicorn.Server(config)

    async def main() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has nothing to wait for
            await asyncio.sleep(0.01)
        ready.set()
        await serving

    _run(main())


def _run(main: Coroutine[Any, Any, None]) -> None:
    """On uvloop where it is installed, as `uvicorn[standard]` does."""
    try:
        import uvloop  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


def _application(folder: Path) -> Any:
    # Only a comparison needs it: it is none of the project's requirements.
    from fastapi import Depends, FastAPI, Header, HTTPException, Request  # type: ignore[import-not-found,unused-ignore]
    from pydantic import BaseModel, Field

    from mesh.ports.limits_memory import MemoryLimits
    from mesh.secret_keys import read_or_make
    from mesh.signature import Signer

    signer = Signer(read_or_make(None, folder / "keys" / "mesh.key", "MOOTION_MESH_KEY"))
    limits, application = MemoryLimits(), FastAPI()

    class EchoRequest(BaseModel):
        text: str = Field(min_length=1, max_length=1000)

    class EchoResponse(BaseModel):
        text: str

    async def principal(request: Request, mootion_signature: Annotated[str, Header()]) -> str:
        said = {name: value for name, value in request.headers.items() if name.startswith("mootion-")}
        said.pop("mootion-signature")
        if not signer.is_good(mootion_signature, PATH, said):
            raise HTTPException(401)
        taken = await limits.take(said["mootion-principal"], 1, MOST_CALLS, 60.0)
        if not taken.admitted:
            raise HTTPException(429)
        return str(said["mootion-principal"])

    async def echo(request: EchoRequest, who: Annotated[str, Depends(principal)]) -> EchoResponse:
        return EchoResponse(text=request.text)

    application.post(PATH)(echo)
    application.middleware("http")(_measured(_log(folder / "fastapi.log")))
    return application


def _measured(log: logging.Logger) -> Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

    registry = CollectorRegistry()
    calls = Counter("calls", "Calls.", ("method", "code"), registry=registry)
    seconds = Histogram("call_seconds", "Time.", ("method",), registry=registry)
    in_flight = Gauge("in_flight", "Calls now.", ("method",), registry=registry)

    async def measured(request: Any, proceed: Callable[[Any], Awaitable[Any]]) -> Any:
        started, request_id = (
            time.perf_counter(),
            request.headers.get("mootion-request-id") or str(uuid.uuid4()),
        )
        with in_flight.labels(PATH).track_inprogress():
            async with asyncio.timeout(DEADLINE_SECONDS):
                response = await proceed(request)
        took = time.perf_counter() - started
        calls.labels(PATH, str(response.status_code)).inc()
        seconds.labels(PATH).observe(took)
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "event": "call",
            "request_id": request_id,
            "traceparent": request.headers.get("traceparent"),
            "code": response.status_code,
            "ms": took * 1000,
        }
        log.info(json.dumps(line))
        return response

    return measured


def _log(path: Path) -> logging.Logger:
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("bench.fastapi")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    return log


class HttpCalls:
    """Sends one request again and again over connections that stay open; costs the client next to nothing."""

    def __init__(self, port: int, body: dict[str, str], headers: tuple[tuple[str, str], ...]) -> None:
        content = json.dumps(body).encode()
        lines = [f"POST {PATH} HTTP/1.1", f"host: 127.0.0.1:{port}", "content-type: application/json"]
        lines += [f"content-length: {len(content)}", *(f"{name}: {value}" for name, value in headers)]
        self._request = ("\r\n".join(lines) + "\r\n\r\n").encode() + content
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self) -> None:
        """One call. Raises RuntimeError where the reply is not 200."""
        reader, writer = (
            self._free.pop() if self._free else await asyncio.open_connection("127.0.0.1", self._port)
        )
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the reply is {head.splitlines()[0]!r}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        self._free.append((reader, writer))

    def close(self) -> None:
        """Ends the connections."""
        for _, writer in self._free:
            writer.close()
