"""A small OpenAI-compatible server on loopback that names what the text it is sent defines."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.unit.llm.engine.modelled import honest_concepts
from tests.unit.llm.engine.scripted_server import completion

PORTS = range(42700, 42740)


@dataclass
class ModelServer:
    """What it was sent, and how it behaves: `status` other than 200 fails every request, `seconds` delays it."""

    url: str
    status: int = 200
    seconds: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    abandoned: asyncio.Event = field(default_factory=asyncio.Event)

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        self.asked.set()
        self.keys.add(request.headers["authorization"])
        if not await self._wait(request):
            self.abandoned.set()
        if self.status != 200:
            return JSONResponse({"error": {"message": "no"}}, self.status)
        return JSONResponse(completion(_json(honest_concepts(body))))

    async def _wait(self, request: Request) -> bool:
        """Whether the caller is still there at the end."""
        ends = asyncio.get_running_loop().time() + self.seconds
        while asyncio.get_running_loop().time() < ends:
            if await request.is_disconnected():
                return False
            await asyncio.sleep(0.01)
        return True


def _json(value: Any) -> str:
    return bytes(JSONResponse(value).body).decode()


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    """Serves until the block ends."""
    listening = _listen()
    model = ModelServer(f"http://127.0.0.1:{listening.getsockname()[1]}/v1")
    app = Starlette(routes=[Route("/v1/chat/completions", model.complete, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield model
    finally:
        server.should_exit = True
        await serving


def _listen() -> socket.socket:
    for port in PORTS:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            continue
    raise OSError(f"no free port from {PORTS.start} to {PORTS.stop - 1}")
