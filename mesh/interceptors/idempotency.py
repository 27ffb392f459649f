"""Makes a creation that carries a `request_id` happen once, however often it is sent."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from mootion.errors.v1 import reason_pb2

from mesh.errors import CallError, Violation
from mesh.idempotency import IdempotentRequest, serving
from mesh.interceptors.call import Call, Proceed
from mesh.keyed_lock import KeyedLock
from mesh.metrics import Metrics
from mesh.policy import Method
from mesh.ports.replies import AlreadyRemembered, Replies, StoredReply, place_of
from mesh.sealing import Sealer

HTTP_BODY = "google.api.HttpBody"


class IdempotencyInterceptor:
    """Gives the stored reply to a repeat with the same body, and refuses one with another.

    A handler stores its reply in its own unit of work (`Transaction.remember`); for one that did not, the reply is
    stored here after it returned. Equal calls at once wait for each other; one that another process has answered by
    then gets that reply, also where the handler refuses it because the work is done. What a contract marks as secret is
    stored sealed, and a hash of it under a key.
    """

    def __init__(self, replies: Replies, metrics: Metrics, sealer: Sealer) -> None:
        self._replies = replies
        self._sealer = sealer
        self._metrics = metrics
        self._lock = KeyedLock()

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        if not method.creates_once:
            return proceed
        return self._streamed(method, proceed) if method.client_streaming else self._single(method, proceed)

    def _single(self, method: Method, proceed: Proceed) -> Proceed:
        sealer = self._sealer if method.holds_secrets else None

        async def once(call: Call) -> bytes:
            message: Any = call.request
            if not message.request_id:
                return await proceed(call)
            body = _SingleBody(message)
            return await self._serve(_Creation(call, message.request_id, body, sealer), proceed)

        return once

    def _streamed(self, method: Method, proceed: Proceed) -> Proceed:
        async def once(call: Call) -> bytes:
            body = _StreamedBody(call.requests)
            first: Any = await body.first()
            call.requests = body
            if first is None or not first.request_id:
                return await proceed(call)
            return await self._serve(_Creation(call, first.request_id, body, None), proceed)

        return once

    async def _serve(self, creation: "_Creation", proceed: Proceed) -> bytes:
        async with self._lock.holding(creation.key):
            stored = await self._replies.recall(*creation.key)
            if stored is None:
                try:
                    return await self._first(creation, proceed)
                except AlreadyRemembered:
                    stored = await self._replies.recall(*creation.key)
                except CallError:
                    # It may have been refused for what another process did under the same request id.
                    stored = None if creation.is_answered else await self._replies.recall(*creation.key)
                    if stored is None:
                        raise
            if stored is None:
                raise RuntimeError("a reply was stored under the request id and cannot be read")
            return await self._replay(creation, stored)

    async def _first(self, creation: "_Creation", proceed: Proceed) -> bytes:
        with serving(creation.request):
            reply = await proceed(creation.call)
        if await self._replies.recall(*creation.key) is None:
            await creation.body.drain()
            await self._replies.store(*creation.key, StoredReply(creation.body_hash(), creation.kept(reply)))
        return reply

    async def _replay(self, creation: "_Creation", stored: StoredReply) -> bytes:
        await creation.body.drain()
        if not creation.is_of_same_body(stored.body_hash):
            raise CallError(
                grpc.StatusCode.INVALID_ARGUMENT,
                reason_pb2.REASON_REQUEST_ID_REUSED,
                f"The request id {creation.key[2]!r} was used before with another body. Take a new one.",
                violations=[Violation("request_id", "was used before with another body")],
            )
        self._metrics.replayed_replies.labels(creation.call.method.path).inc()
        return creation.opened(stored.reply)


class _Creation:
    """A call with a request id. `is_answered` once its handler has a reply that it wants to be remembered."""

    def __init__(
        self, call: Call, request_id: str, body: "_SingleBody | _StreamedBody", sealer: Sealer | None
    ) -> None:
        owner = call.principal.id if call.principal else f"workload:{call.caller}"
        self.call = call
        self.key = (owner, call.method.path, request_id)
        self.body = body
        self.is_answered = False
        self._sealer = sealer

    def request(self) -> IdempotentRequest:
        self.is_answered = True
        return IdempotentRequest(*self.key, self.body_hash(), self.kept)

    def body_hash(self) -> bytes:
        digest = self.body.digest()
        return digest if self._sealer is None else self._sealer.digest(digest)

    def is_of_same_body(self, body_hash: bytes) -> bool:
        digest = self.body.digest()
        return body_hash == digest if self._sealer is None else self._sealer.is_digest(body_hash, digest)

    def kept(self, reply: bytes) -> bytes:
        return reply if self._sealer is None else self._sealer.seal(reply, self._place())

    def opened(self, kept: bytes) -> bytes:
        return kept if self._sealer is None else self._sealer.open(kept, self._place())

    def _place(self) -> str:
        return place_of(*self.key)


class _SingleBody:
    def __init__(self, message: Message) -> None:
        self._message = message

    async def drain(self) -> None:
        """There is nothing more to read."""

    def digest(self) -> bytes:
        return hashlib.sha256(self._message.SerializeToString(deterministic=True)).digest()


class _StreamedBody:
    """The messages of a stream, hashed while they pass.

    How an upload is cut into chunks is not part of what it says: the bytes of `google.api.HttpBody` and `bytes`
    fields are hashed as one, and everything else message by message.
    """

    def __init__(self, messages: AsyncIterator[Message]) -> None:
        self._messages = messages
        self._chunks = hashlib.sha256()
        self._rest = hashlib.sha256()
        self._first: Message | None = None
        self._ended = False

    async def first(self) -> Message | None:
        """The first message, which is given again by iteration; None for an empty stream."""
        self._first = await anext(self._messages, None)
        return self._first

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        if self._first is not None:
            message, self._first = self._first, None
            self._add(message, is_first=True)
            return message
        try:
            message = await anext(self._messages)
        except StopAsyncIteration:
            self._ended = True
            raise
        self._add(message, is_first=False)
        return message

    async def drain(self) -> None:
        """Reads what the handler has not read."""
        async for _ in self:
            pass

    def digest(self) -> bytes:
        if not self._ended:
            raise RuntimeError("the reply was remembered before the handler had read the request to its end")
        return hashlib.sha256(self._chunks.digest() + self._rest.digest()).digest()

    def _add(self, message: Message, *, is_first: bool) -> None:
        rest = type(message)()
        rest.CopyFrom(message)
        for field in message.DESCRIPTOR.fields:
            if _is_http_body(field):
                self._chunks.update(getattr(message, field.name).data)
                if is_first:
                    getattr(rest, field.name).ClearField("data")
                else:
                    rest.ClearField(field.name)
            elif field.type == FieldDescriptor.TYPE_BYTES and not field.is_repeated:
                self._chunks.update(getattr(message, field.name))
                rest.ClearField(field.name)
        serialized = rest.SerializeToString(deterministic=True)
        if serialized:
            self._rest.update(len(serialized).to_bytes(8, "big") + serialized)


def _is_http_body(field: Any) -> bool:
    return field.message_type is not None and field.message_type.full_name == HTTP_BODY
