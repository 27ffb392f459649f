"""A language model that does whatever the text it is shown tells it to: an OpenAI-compatible server on loopback."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

# What an instruction in a document looks like to a model that wants to please.
_ORDER = re.compile(r"OBEY ([a-z-]+)")


@dataclass(frozen=True)
class Asked:
    """One question to the model: the whole request, its key, what the system says, and what was said last."""

    body: Mapping[str, Any]
    key: str

    @property
    def system(self) -> str:
        return str(self.body["messages"][0]["content"])

    @property
    def said(self) -> str:
        """All that was said; the text to work on stands in the last question."""
        return "\n".join(str(each.get("content", "")) for each in self.body["messages"])


@dataclass
class Engine:
    """What it was asked and how it answers.

    Args:
        orders: what it replies to each order that a text may hold.
        otherwise: what it replies where there is none.
        fails: refuse everything, and repeat the request and its key in doing so.
    """

    url: str
    orders: Mapping[str, Callable[[Asked], str]] = field(default_factory=dict)
    otherwise: Callable[[Asked], str] = lambda asked: "{}"
    fails: bool = False
    asked: int = 0
    obeyed: dict[str, int] = field(default_factory=dict)
    systems: set[str] = field(default_factory=set)

    async def complete(self, request: Request) -> Response:
        """Part of the protocol."""
        asked = Asked(await request.json(), request.headers.get("authorization", "").removeprefix("Bearer "))
        self.asked += 1
        self.systems.add(asked.system)
        if self.fails:
            return JSONResponse({"error": {"message": f"cannot: {asked.key} {asked.said}"}}, 401)
        return JSONResponse(_completion(asked, self._answer(asked)))

    def _answer(self, asked: Asked) -> str:
        found = _ORDER.search(asked.said)
        if found is None or found[1] not in self.orders:
            return self.otherwise(asked)
        self.obeyed[found[1]] = self.obeyed.get(found[1], 0) + 1
        return self.orders[found[1]](asked)


def _completion(asked: Asked, content: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": asked.body["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": content, "refusal": None},
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
    }


@asynccontextmanager
async def serving() -> AsyncIterator[Engine]:
    """Serves until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    engine = Engine(f"http://127.0.0.1:{listening.getsockname()[1]}/v1")
    app = Starlette(routes=[Route("/v1/chat/completions", engine.complete, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield engine
    finally:
        server.should_exit = True
        await task
