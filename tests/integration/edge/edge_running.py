"""A real edge before the backend of `edge_backend.py`, run by a thread of its own so that tests are plain calls."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from gateway.edge import Edge
from mesh.config import Settings
from mesh.testing import free_port
from tests.integration.edge import edge_backend


def settings_in(
    folder: Path, otlp_endpoint: str | None = None, *, max_calls: int = 128, **more: Any
) -> Settings:
    """Settings with free ports; `more` are further fields."""
    return Settings(
        data_dir=folder,
        otlp_endpoint=otlp_endpoint,
        max_calls=max_calls,
        edge_port=free_port(),
        edge_admin_port=free_port(),
        grpc_port=free_port(),
        media_port=free_port(),
        **more,
    )


@dataclass
class Reply:
    """A whole HTTP reply; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Running:
    """The edge under test."""

    settings: Settings
    documents: edge_backend.Documents
    pid: int
    loop: asyncio.AbstractEventLoop

    @property
    def authority(self) -> str:
        return f"localhost:{self.settings.edge_port}"

    def step(self) -> None:
        """Lets a watched document change once."""
        self.loop.call_soon_threadsafe(self.documents.watch_step.set)

    def connect(self) -> HTTPConnection:
        return HTTPConnection("localhost", self.settings.edge_port, timeout=60)

    def until_healthy(self, path: str = "/healthz") -> None:
        """Returns when the edge has found its services, and answers a path with 200."""
        give_up = time.monotonic() + 60
        while self.call("GET", path).status != 200:
            assert time.monotonic() < give_up, "the edge never became healthy"
            time.sleep(0.02)

    def call(
        self, verb: str, path: str, body: bytes | str | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        connection = self.connect()
        try:
            connection.request(verb, path, body, headers or {})
            return whole(connection.getresponse())
        finally:
            connection.close()


def whole(response: HTTPResponse) -> Reply:
    """Reads a reply to its end."""
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, response.read())


@contextmanager
def running_edge(
    folder: Path, otlp_endpoint: str | None = None, *, max_calls: int = 128, **more: Any
) -> Iterator[Running]:
    """Starts backend and edge, and stops both."""
    settings = settings_in(folder, otlp_endpoint, max_calls=max_calls, **more)
    loop, started = asyncio.new_event_loop(), threading.Event()
    stopping, found = asyncio.Event(), []

    async def serve() -> None:
        documents, edge = edge_backend.Documents(), Edge(settings)  # type: ignore[abstract]
        async with edge_backend.serving(documents, settings.grpc_port, settings.media_port):
            await edge.start()
            assert edge.pid is not None
            found.append(Running(settings, documents, edge.pid, loop))
            started.set()
            await stopping.wait()
            await edge.stop(0.1)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(120), "the edge did not start"
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(60)
        loop.close()
