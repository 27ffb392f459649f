"""Real servers for tests: every interceptor, real gRPC on a free loopback port, data in a folder of their own."""

import asyncio
import secrets
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeVar

import grpc
from mootion.policy.v1 import policy_pb2

from mesh.callers import EDGE
from mesh.config import Settings
from mesh.context import Principal
from mesh.outgoing import Identity
from mesh.runtime import Runtime, open_runtime
from mesh.server import serve
from mesh.service import Build
from mesh.signature import SIGNATURE_KEY

S = TypeVar("S")

FIRST_PORT, LAST_PORT = 10_000, 19_999
_given: set[int] = set()


@dataclass(frozen=True)
class Running:
    """Services that answer."""

    runtime: Runtime

    def stub(
        self,
        stub_class: Callable[[grpc.aio.Channel], S],
        service: str,
        *,
        principal: str | None = "tester",
        role: policy_pb2.AccessRole.ValueType = policy_pb2.ACCESS_ROLE_STUDENT,
        caller: str = EDGE,
    ) -> S:
        """A client of a service that says who it is; raises CallError as the clients of services do.

        Args:
            principal: None for a call that names nobody, which the local principal stands in for at the edge.
            caller: the workload that calls, such as `document-worker`; empty for none.
        """
        person = Principal(principal, role) if principal is not None else None
        return self.runtime.channels.stub(stub_class, service, identity=Identity(person, caller))

    def signed(
        self,
        path: str,
        *,
        principal: str = "tester",
        role: policy_pb2.AccessRole.ValueType = policy_pb2.ACCESS_ROLE_STUDENT,
        caller: str = EDGE,
    ) -> dict[str, str]:
        """What a workload sends along to say for whom it calls a gRPC method or a path over HTTP."""
        name = policy_pb2.AccessRole.Name(role).removeprefix("ACCESS_ROLE_")
        said = {"mootion-caller": caller, "mootion-principal": principal, "mootion-role": name}
        return said | {SIGNATURE_KEY: self.runtime.signer.sign(path, said)}


@asynccontextmanager
async def running(
    *builds: Build, workload: str = "mootion", log: TextIO | None = None, **overrides: Any
) -> AsyncIterator[Running]:
    """Serves what the builds make until the block ends, then drains.

    A build may serve a fake of a service: methods that it does not implement end as UNIMPLEMENTED.

    Args:
        log: where log lines go; standard error by default.
        overrides: fields of Settings, such as `data_dir` to keep data over a restart.
    """
    with tempfile.TemporaryDirectory(prefix="mootion-test-") as folder:
        settings = Settings(**{**_defaults(Path(folder)), **overrides})
        async with open_runtime(settings, workload, log=log) as runtime, _serving(runtime, builds):
            yield Running(runtime)


def _defaults(folder: Path) -> dict[str, Any]:
    return {
        "data_dir": folder,
        "grpc_port": free_port(),
        "media_port": free_port(),
        "metrics_port": 0,
        "drain_notice_seconds": 0.0,
        "drain_grace_seconds": 1.0,
        "log_level": "warning",
    }


@asynccontextmanager
async def _serving(runtime: Runtime, builds: tuple[Build, ...]) -> AsyncIterator[None]:
    until, ready = asyncio.Event(), asyncio.Event()
    parts = [build(runtime) for build in builds]
    server = asyncio.create_task(serve(runtime, parts, until=until, ready=ready.set, partial=True))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([server, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if not server.done():
            yield
    finally:
        until.set()
        await server


def free_port() -> int:
    """A loopback port that nobody listens on. It may be used later: it is below the ports that Linux gives to outgoing
    connections, and no other call of this process gets it."""
    while True:
        port = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT + 1)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
