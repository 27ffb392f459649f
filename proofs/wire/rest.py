"""Calls by REST."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import grpc
import httpx2
from google.api import httpbody_pb2
from google.protobuf import json_format, message_factory
from google.protobuf.message import Message

from proofs.callers.doors import RestRequest, rest_request
from proofs.callers.endings import Ending, of_rest_error
from proofs.wire.call import Heard, WireCall, same_bytes

_EVENTS = "text/event-stream"
_BYTES = "application/octet-stream"


class Rest:
    """The path of scripts and partners.

    Args:
        url: of the edge.
    """

    name = "rest"

    def __init__(self, url: str) -> None:
        self._client = httpx2.AsyncClient(base_url=url, timeout=120)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def call(self, call: WireCall) -> Heard | None:
        """See WirePath. A deadline goes as `grpc-timeout`, which the edge reads whoever sends it."""
        if call.compressed or not call.method.http_rules:
            return None
        headers = dict(call.headers)
        if call.seconds is not None:
            headers["grpc-timeout"] = f"{round(1000 * call.seconds)}m"
        try:
            async with asyncio.timeout(call.cancel_after):
                return await self._answer(call, headers)
        except TimeoutError:
            return Heard(Ending(grpc.StatusCode.CANCELLED.name), {})

    async def _answer(self, call: WireCall, headers: dict[str, str]) -> Heard:
        asked = rest_request(call.method, call.request)
        content = _content(call, asked)
        if content is not None:
            headers.setdefault("content-type", "application/json" if asked.is_json else _BYTES)
        path = f"/v1/{call.path.lstrip('/')}" if call.path else quote(asked.path, safe="/:-._~")
        query: list[tuple[str, Any]] = [*asked.query]
        async with self._client.stream(
            asked.verb, path, params=query, content=content, headers=headers
        ) as answer:
            heard = dict(answer.headers)
            if answer.status_code >= 400:
                await answer.aread()
                body = json.loads(answer.content) if answer.content else None
                ending = of_rest_error(answer.headers.get("content-type", ""), body)
                return Heard(ending, heard, http_status=answer.status_code)
            replies = [reply async for reply in _replies(call, answer)]
            return Heard(Ending("OK", replies=tuple(replies)), heard, http_status=answer.status_code)


def _content(call: WireCall, asked: RestRequest) -> bytes | None:
    rule = call.method.http_rules[0]
    if not rule.body:
        return None
    if asked.is_json:
        return json.dumps(asked.body).encode()
    held = getattr(call.request, rule.body)
    if isinstance(held, httpbody_pb2.HttpBody):
        return bytes(held.data)
    return json.dumps(asked.body).encode()


async def _replies(call: WireCall, answer: httpx2.Response) -> AsyncIterator[bytes]:
    content_type = answer.headers.get("content-type", "")
    if content_type.startswith(_EVENTS):
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                yield same_bytes(call.method, _reply(call, json.loads(line.removeprefix("data:"))))
        return
    await answer.aread()
    reply = _held_bytes(call, answer, content_type) or _reply(call, json.loads(answer.content))
    yield same_bytes(call.method, reply)


def _reply(call: WireCall, body: Any) -> Message:
    reply: Message = message_factory.GetMessageClass(call.method.output)()
    return json_format.ParseDict(body, reply)


def _held_bytes(call: WireCall, answer: httpx2.Response, content_type: str) -> Message | None:
    """The reply of a method that answers with a file; None where it answers with JSON."""
    name = call.method.http_rules[0].response_body
    if not name:
        return None
    reply: Message = message_factory.GetMessageClass(call.method.output)()
    held = getattr(reply, name)
    if not isinstance(held, httpbody_pb2.HttpBody):
        return None
    held.content_type, held.data = content_type, answer.content
    return reply
