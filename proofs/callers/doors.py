"""Ways into a running system: any method of the contracts, called at a gRPC port or through the edge."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.message import Message

from mesh import policy, status
from mesh.derive import contracts
from mesh.errors import reason_name
from mesh.policy import Method

IMAGE = Path(__file__).parents[2] / "gateway" / "mootion.binpb"
CALL_SECONDS = 60.0
# A limit of the contract is waited for: the proofs are about who may call, and S12 about how often.
MOST_WAITING_SECONDS = 75.0
Headers = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Outcome:
    """How a call ended: the name of its code, the reason and message of its status, and its replies."""

    code: str
    reason: str = ""
    message: str = ""
    replies: tuple[Message, ...] = ()
    retry_after_seconds: float = 0.0
    status: str = field(default="", compare=False)

    @property
    def is_ok(self) -> bool:
        return self.code == "OK"

    def told(self) -> str:
        """For a line of a proof."""
        return f"{self.code} {self.reason}".strip()

    def text(self) -> str:
        """Everything that the caller can read."""
        replies = " ".join(json_format.MessageToJson(reply) for reply in self.replies)
        return f"{self.message} {self.status} {replies}"


@dataclass(frozen=True)
class Door:
    """One address that speaks gRPC.

    Args:
        name: for the lines of a proof, such as `edge` or `port`.
    """

    name: str
    channel: grpc.aio.Channel

    async def call(
        self, method: Method, request: Message, headers: Headers = (), *, patient: bool = True
    ) -> Outcome:
        """Calls a method; a patient caller does so again where a limit refused, when the limit says so."""
        waited = 0.0 if patient else MOST_WAITING_SECONDS
        while True:
            outcome = await self._once(method, request, headers)
            pause = outcome.retry_after_seconds
            if outcome.reason != "RATE_LIMITED" or waited + pause > MOST_WAITING_SECONDS:
                return outcome
            waited += pause + 0.05
            await asyncio.sleep(pause + 0.05)

    async def _once(self, method: Method, request: Message, headers: Headers) -> Outcome:
        pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
        replies: list[Message] = []
        try:
            async with aclosing(self._replies(method, request, pairs)) as found:
                async for reply in found:
                    replies.append(reply)
                    # The first says whether a watch was let in; it would go on until something changes.
                    if method.resumable:
                        break
        except grpc.aio.AioRpcError as error:
            return outcome_of(error, replies)
        return Outcome("OK", replies=tuple(replies))

    async def _replies(
        self, method: Method, request: Message, headers: tuple[tuple[str, str], ...]
    ) -> AsyncGenerator[Any]:
        shape = f"{_side(method.client_streaming)}_{_side(method.server_streaming)}"
        make: Callable[..., Any] = getattr(self.channel, shape)
        caller = make(
            method.path,
            request_serializer=type(request).SerializeToString,
            response_deserializer=message_factory.GetMessageClass(method.output).FromString,
        )
        sent = iter([request]) if method.client_streaming else request
        call = caller(sent, metadata=headers, timeout=CALL_SECONDS)
        try:
            if method.server_streaming:
                async for reply in call:
                    yield reply
            else:
                yield await call
        finally:
            call.cancel()


def _side(streaming: bool) -> str:
    return "stream" if streaming else "unary"


def outcome_of(error: grpc.aio.AioRpcError, replies: Sequence[Message] = ()) -> Outcome:
    """How a refused call ended; the reason is empty where no service of ours refused it."""
    failure = status.from_rpc_error(error, "called")
    is_ours = any(key == status.DETAILS_KEY for key, _ in error.trailing_metadata() or ())
    trailers = " ".join(f"{key}={value!r}" for key, value in error.trailing_metadata() or ())
    return Outcome(
        error.code().name,
        reason_name(failure.reason) if is_ours else "",
        error.details() or "",
        tuple(replies),
        failure.retry_after_seconds or 0.0,
        trailers,
    )


@asynccontextmanager
async def opened(**targets: str) -> AsyncIterator[dict[str, Door]]:
    """Doors by their names, such as `port="127.0.0.1:50051"`."""
    options = [("grpc.max_receive_message_length", 64 << 20)]
    channels = {name: grpc.aio.insecure_channel(target, options) for name, target in targets.items()}
    try:
        yield {name: Door(name, channel) for name, channel in channels.items()}
    finally:
        for channel in channels.values():
            await channel.close()


@cache
def methods() -> tuple[Method, ...]:
    """Every method of the contracts that the gateway is derived from, by path."""
    known = {method.full_name for method in contracts.parse(IMAGE.read_bytes()).methods}
    return tuple(method for method in policy.all_methods() if method.full_name in known)


@dataclass(frozen=True)
class RestRequest:
    """A call by REST: what is left of the request after the path goes into the body or the query."""

    verb: str
    path: str
    query: list[tuple[str, str]]
    body: Any
    is_json: bool


def rest_request(method: Method, request: Message) -> RestRequest:
    """The request of a method by its first HTTP rule, with the names of JSON."""
    rule = method.http_rules[0]
    verb = rule.WhichOneof("pattern")
    left: dict[str, Any] = json_format.MessageToDict(request, preserving_proto_field_name=True)
    path = re.sub(r"{(\w+)}", lambda found: str(left.pop(found[1], "-")), getattr(rule, str(verb)))
    if rule.body == "*":
        return RestRequest(str(verb).upper(), path, [], left, True)
    body = left.pop(rule.body, {}) if rule.body else None
    query = [(name, str(value)) for name, value in _flat(left)]
    return RestRequest(str(verb).upper(), path, query, body, False)


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, each in value.items():
        if isinstance(each, dict):
            pairs += _flat(each, f"{prefix}{name}.")
        else:
            pairs += [(f"{prefix}{name}", one) for one in (each if isinstance(each, list) else [each])]
    return pairs
