"""A real identity service behind a real edge with its rate-limit service."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from gateway.edge import Edge
from gateway.limiter import Limiter
from gateway.rate_limit_service import rate_limit_service
from mesh.config import Settings
from mesh.counted import Counted
from mesh.policy import all_methods
from mesh.ports.limits import Limits, Taken
from mesh.runtime import Runtime
from mesh.testing import free_port, running
from services.audit.__main__ import build as build_audit
from services.identity.__main__ import build as build_identity
from tests.integration.edge.edge_running import Reply, whole

PASSWORD = "correct horse battery"


@dataclass
class Front:
    """What callers see of it; `asked` are the keys that the rate-limit service has counted, in order."""

    runtime: Runtime
    asked: list[str]

    @property
    def settings(self) -> Settings:
        return self.runtime.settings

    def ask(
        self, verb: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        connection = HTTPConnection("localhost", self.settings.edge_port, timeout=60)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(verb, path, sent, {"content-type": "application/json", **(headers or {})})
            return whole(connection.getresponse())
        finally:
            connection.close()

    async def call(
        self, verb: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        return await asyncio.to_thread(self.ask, verb, path, body, headers)

    async def login(self, username: str = "nobody-here", **headers: str) -> Reply:
        """A try with a wrong password; refused as such while the address may try."""
        return await self.call(
            "POST", "/v1/auth:login", {"username": username, "password": "whatever it is"}, headers
        )

    async def register(self, username: str) -> str:
        """An access token of somebody new."""
        reply = await self.call("POST", "/v1/auth:register", {"username": username, "password": PASSWORD})
        assert reply.status == 200, reply.body
        token: str = json.loads(reply.body)["tokens"]["accessToken"]
        return token


@dataclass
class Watched:
    """Limits that tell what was counted."""

    limits: Limits
    asked: list[str]

    @property
    def degraded(self) -> bool:
        return self.limits.degraded

    async def take(self, key: str, cost: int, requests: int, window_seconds: float) -> Taken:
        self.asked.append(key)
        return await self.limits.take(key, cost, requests, window_seconds)


@asynccontextmanager
async def front(*, limiter: str | None = "", **settings: Any) -> AsyncIterator[Front]:
    """Everything, until the block ends.

    Args:
        limiter: an address in place of the rate-limit service, or None for none.
        settings: of the system; nobody is the local principal.
    """
    asked: list[str] = []
    async with AsyncExitStack() as stack:
        given = {"local_principal": False, "edge_port": free_port(), "edge_admin_port": free_port()}
        served = await stack.enter_async_context(running(build_identity, build_audit, **(given | settings)))
        runtime = served.runtime
        if limiter == "":
            counting = Limiter(Watched(runtime.limits, asked), Counted(runtime.signer.key), all_methods())
            limiter = await stack.enter_async_context(rate_limit_service(counting))
        edge = Edge(runtime.settings, limiter=limiter)
        await edge.start()
        stack.push_async_callback(edge.stop, 0.1)
        found = Front(runtime, asked)
        await _until_it_answers(found)
        yield found


async def _until_it_answers(found: Front) -> None:
    for _ in range(1200):
        if (await found.call("GET", "/.well-known/jwks.json")).status == 200:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the edge does not reach the identity service")
