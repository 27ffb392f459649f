"""An HTTP application beside gRPC: same principal, same errors, same loop."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
import structlog
import uvicorn
from google.protobuf import json_format
from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2
from uvicorn.protocols.http.h11_impl import H11Protocol

from mesh import status
from mesh.callers import EDGE, Callers, refuse_repeated
from mesh.context import CallContext, Entered
from mesh.errors import CallError
from mesh.ids import Ids
from mesh.interceptors.principal import check_role
from mesh.service import AsgiApplication

WORKLOAD = "media"
# What is served here are videos and what belongs to them.
SCOPE = "video:read"
HEALTH_PATH = "/healthz"
# Above the 32 KiB that come through the edge; what is longer is refused by the library, in its own words.
MOST_HEADER_BYTES = 65_536
PEER_URIS = "peer_uris"
_LONGEST_SECONDS = 600.0

_HTTP_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 416,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


class HttpServer:
    """Serves an application on a socket of its own, in the loop that runs already.

    Args:
        tls: what connections show and ask for; None for plain HTTP.
    """

    def __init__(
        self,
        application: AsgiApplication,
        host: str,
        port: int,
        grace_seconds: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        self._readiness = _Readiness(application)
        config = uvicorn.Config(
            self._readiness,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=max(1, int(grace_seconds)),
            http=_NamedPeer,
            h11_max_incomplete_event_size=MOST_HEADER_BYTES,
            ssl_context_factory=None if tls is None else lambda config, default: tls,
        )
        self._server = _Embedded(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when the application answers."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        await self._server.answers.wait()

    def say_not_serving(self) -> None:
        """Answers requests on, but tells who asks at HEALTH_PATH to send no more."""
        self._readiness.serving = False

    async def stop(self) -> None:
        """Finishes the requests in flight within the grace time, then ends them."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()

    def hurry(self) -> None:
        """Ends the requests in flight now."""
        for task in tuple(self._server.server_state.tasks):
            task.cancel()


class _NamedPeer(H11Protocol):
    """Tells the application what the certificate of the connection names, as `state[PEER_URIS]` of the scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        certificate = transport.get_extra_info("peercert") or {}
        uris = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "URI"]
        self.app_state = {**self.app_state, PEER_URIS: uris}


class _Embedded(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process has its own handlers."""
        yield


class _Readiness:
    """Answers HEALTH_PATH itself: 200 while the server serves, 503 once it is about to stop."""

    def __init__(self, application: AsgiApplication) -> None:
        self._application = application
        self.serving = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != HEALTH_PATH:
            await self._application(scope, receive, send)
            return
        headers = [(b"content-length", b"0")]
        await send(
            {"type": "http.response.start", "status": 200 if self.serving else 503, "headers": headers}
        )
        await send({"type": "http.response.body", "body": b""})


class CallMiddleware:
    """Makes each request a call of the mesh: principal by header, `context.principal_id()`, errors as JSON.

    Errors are `google.rpc.Status` with the details that gRPC callers get; no text of an exception gets out.

    Args:
        application: what is served; the calls it makes to services are made as the workload `media`.
        callers: who asks.
    """

    def __init__(self, application: AsgiApplication, ids: Ids, callers: Callers) -> None:
        self._application = application
        self._ids = ids
        self._callers = callers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request_id = headers.get("mootion-request-id", "")[:64] or self._ids.new()
        sender = _Sender(send)
        try:
            refuse_repeated([name.decode("latin-1") for name, _ in scope["headers"]])
            uris = scope.get("state", {}).get(PEER_URIS, ())
            call = await self._call(headers, scope["path"], request_id, uris)
            with Entered(call, WORKLOAD):
                await self._application(scope, receive, sender)
            await sender.release()
        except CallError as error:
            await sender.fail(error, request_id)
        except Exception as error:
            structlog.get_logger().error(
                "unexpected failure", method=scope["path"], request_id=request_id, exc_info=error
            )
            await sender.fail(_internal(request_id), request_id)

    async def _call(
        self, headers: dict[str, str], path: str, request_id: str, uris: Sequence[str]
    ) -> CallContext:
        caller = self._callers.from_inside(headers, path, uris)
        if caller is None:
            caller = await self._callers.from_outside(headers, SCOPE)
        if caller.workload != EDGE:
            raise CallError(
                grpc.StatusCode.PERMISSION_DENIED,
                reason_pb2.REASON_CALLER_NOT_ALLOWED,
                "Only the edge may ask here. Go through it.",
            )
        check_role(caller.principal, policy_pb2.ACCESS_ROLE_STUDENT, path)
        deadline = time.monotonic() + _LONGEST_SECONDS
        return CallContext(caller.principal, EDGE, deadline, request_id, path, caller.client)


class _Sender:
    """Holds a 500 back until the application has ended: frameworks send one of their own and then raise."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self._started = False
        self._held: list[Any] = []

    async def __call__(self, message: Any) -> None:
        if self._held or message.get("status") == 500:
            self._held.append(message)
            return
        self._started = True
        await self._send(message)

    async def release(self) -> None:
        for message in self._held:
            await self._send(message)

    async def fail(self, error: CallError, request_id: str) -> None:
        if self._started:
            # The status line is out: all that is left is to break the connection off, so that it cannot pass for whole.
            raise ConnectionAbortedError
        body = json_format.MessageToJson(status.encode(error, request_id), indent=None).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers += [(name.encode(), value.encode()) for name, value in error.headers.items()]
        await self._send(
            {"type": "http.response.start", "status": _HTTP_CODES.get(error.code, 500), "headers": headers}
        )
        await self._send({"type": "http.response.body", "body": body})


def _internal(request_id: str) -> CallError:
    return CallError(
        grpc.StatusCode.INTERNAL,
        reason_pb2.REASON_INTERNAL,
        f"Something went wrong on our side; quote the request id {request_id} when you report it.",
    )
