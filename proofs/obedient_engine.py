"""A language model that does whatever the text it is shown tells it to: an OpenAI-compatible server on loopback."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

# What an instruction in a document looks like to a model that wants to please.
_ORDER = re.compile(r"OBEY\[(?P<name>[a-z-]+)\]")

Answer = Callable[[dict[str, Any], str], str]


@dataclass
class Engine:
    """What it was asked and how it answers.

    Args:
        answers: what to reply for each order that a text may hold, made from the whole request and what was obeyed.
        otherwise: the reply where no order stands in the text.
        fails: reply to everything with a 500 that repeats the request and its key.
    """

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    otherwise: Answer = lambda request, order: "{}"
    fails: bool = False
    asked: int = 0
    obeyed: dict[str, int] = field(default_factory=dict)
    prompts: list[str] = field(default_factory=list)

    async def complete(self, request: Request) -> Response:
        """Part of the protocol."""
        body = await request.json()
        self.asked += 1
        text = "\n".join(str(each.get("content", "")) for each in body["messages"])
        self.prompts.append(text)
        if self.fails:
            key = request.headers.get("authorization", "")
            return JSONResponse({"error": {"message": f"cannot: {key} {text}"}}, 500)
        return JSONResponse(_completion(body, self._answer(body)))

    def _answer(self, body: dict[str, Any]) -> str:
        # Only what is asked last counts: the instructions before it have examples of their own.
        found = _ORDER.search(str(body["messages"][-1].get("content", "")))
        name = found["name"] if found else ""
        answer = self.answers.get(name)
        if answer is None:
            return self.otherwise(body, name)
        self.obeyed[name] = self.obeyed.get(name, 0) + 1
        return answer(body, name)


def _completion(body: dict[str, Any], content: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
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


def as_json(value: Any) -> str:
    """A reply of a schema."""
    return json.dumps(value)
