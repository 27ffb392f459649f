"""One call on its way through the interceptors, whatever the shape of its method."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import grpc
from google.protobuf.message import Message
from mootion.audit.v1 import audit_service_pb2

from mesh.context import Client, Principal
from mesh.policy import Method


class Call:
    """What interceptors know and learn about a call.

    Requests and replies travel as bytes: they are parsed once, after it is known who calls, and counted on the way.

    Attributes:
        raw: the request as it came; None for a stream of requests.
        raw_requests: the requests as they came; None for a single one.
        request: the parsed and valid request, once `validation` has run; requests likewise.
        deadline: when the call must have ended, on the monotonic clock.
        from_outside: whether it came without the signature of a workload.
        factors: by what its caller showed in this call whose account it is, for the audit log.
        code, reason: how the call ended.
    """

    __slots__ = (
        "caller",
        "client",
        "code",
        "context",
        "deadline",
        "factors",
        "from_outside",
        "metadata",
        "method",
        "principal",
        "raw",
        "raw_requests",
        "reason",
        "received_bytes",
        "repeated_metadata",
        "request",
        "request_id",
        "requests",
        "sent_bytes",
    )

    def __init__(
        self,
        method: Method,
        context: grpc.aio.ServicerContext[Any, Any],
        raw: bytes | None = None,
        raw_requests: AsyncIterator[bytes] | None = None,
    ) -> None:
        self.method = method
        self.context = context
        self.raw = raw
        self.raw_requests = raw_requests
        metadata = context.invocation_metadata() or ()
        self.metadata: dict[str, str | bytes] = dict(metadata)
        self.repeated_metadata = len(self.metadata) != len(metadata)
        self.request: Message
        self.requests: AsyncIterator[Message]
        self.request_id = ""
        self.deadline = 0.0
        self.principal: Principal | None = None
        self.caller = ""
        self.client = Client()
        self.from_outside = False
        self.factors: list[audit_service_pb2.Factor.ValueType] = []
        self.code = grpc.StatusCode.OK
        self.reason = ""
        self.received_bytes = 0
        self.sent_bytes = 0

    def text(self, key: str) -> str:
        """A metadata value, or an empty string."""
        value = self.metadata.get(key, "")
        return value if isinstance(value, str) else ""


Proceed = Callable[[Call], Awaitable[bytes]]
"""Serves a call and returns the serialized reply; empty for a stream, whose replies were sent on the way."""


class Interceptor(Protocol):
    """One rule of the mesh."""

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """What to run for calls of a method. Called once a method, at start: `proceed` itself where the rule has no
        part in the method, so that it costs nothing there."""
        ...
