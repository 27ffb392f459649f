"""An OpenAI-compatible endpoint for tests, in memory: it replies as it is told and keeps what it was sent."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai

from services.llm.chat import Chat
from services.llm.failures import BudgetSpent
from services.llm.openai_engine import OpenAiEngine

Answer = Mapping[str, Any] | str | httpx2.Response | Exception
KEY = "sk-canary-0f1e2d3c"


@dataclass
class CountingMeter:
    """Counts tokens in memory; `left` calls may still be made."""

    left: int = 1_000_000
    prompt_tokens: int = 0
    completion_tokens: int = 0

    async def check(self) -> None:
        if self.left <= 0:
            raise BudgetSpent("no tokens left")
        self.left -= 1

    async def spent(self, prompt_tokens: int, completion_tokens: int) -> None:
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens


@dataclass
class ScriptedServer:
    """Replies with `answers` in turn, the last of them for ever; or with what `reply` makes of each request.

    A mapping is a completion with this JSON as its content, a string one with this text.
    """

    answers: Sequence[Answer] = ()
    reply: Callable[[Mapping[str, Any]], Answer] | None = None
    seconds: float = 0.0
    usage: bool = True
    requests: list[dict[str, Any]] = field(default_factory=list)
    meter: CountingMeter = field(default_factory=CountingMeter)
    running: int = 0
    most_running: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def chat(self) -> Chat:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._handle))
        client = openai.AsyncOpenAI(
            api_key=KEY, base_url="http://model.test/v1", max_retries=0, http_client=http
        )
        return Chat(client, "tester-1", self.meter, first_wait_seconds=0.001)

    def engine(self) -> OpenAiEngine:
        return OpenAiEngine(self.chat(), "tester-1")

    async def _handle(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.requests.append(body)
        self.running += 1
        self.asked.set()
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.running -= 1
        return self._response(self._answer(body))

    def _answer(self, body: Mapping[str, Any]) -> Answer:
        if self.reply is not None:
            return self.reply(body)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]

    def _response(self, answer: Answer) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx2.Response):
            return answer
        content = answer if isinstance(answer, str) else json.dumps(answer)
        return httpx2.Response(200, json=completion(content, usage=self.usage))


def completion(content: str, *, usage: bool = True, finish_reason: str = "stop") -> dict[str, Any]:
    """The body of a reply of the API."""
    message = {"role": "assistant", "content": content}
    body: dict[str, Any] = {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tester-1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
    }
    if usage:
        body["usage"] = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return body


def error(status: int, code: str = "", headers: Mapping[str, str] | None = None) -> httpx2.Response:
    """A failure of the API."""
    body = {"error": {"message": "a canary of the server", "type": "t", "code": code, "param": None}}
    return httpx2.Response(status, json=body, headers=dict(headers or {}))


def question_of(body: Mapping[str, Any]) -> str:
    """The last thing a request says that is no correction: the text and what is wanted."""
    asked = [turn["content"] for turn in body["messages"] if turn["role"] == "user"]
    return next(str(text) for text in reversed(asked) if not text.startswith("Your reply was rejected"))
