"""The identity service with a real server in front, and people who call it through the front door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from mootion.identity.v1 import account_pb2, identity_service_pb2
from mootion.identity.v1.account_service_pb2_grpc import AccountServiceStub
from mootion.identity.v1.admin_service_pb2_grpc import AdminServiceStub
from mootion.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from mootion.identity.v1.key_service_pb2_grpc import KeyServiceStub

from mesh import status
from mesh.testing import Running, running
from services.audit.__main__ import build as build_audit
from services.identity.__main__ import build as build_identity

PASSWORD = "correct horse battery"


@dataclass
class Person:
    """Somebody outside: calls with a token, or with nothing."""

    channel: grpc.aio.Channel
    account_id: str = ""
    tokens: account_pb2.Tokens | None = None
    headers: tuple[tuple[str, str], ...] = ()

    async def call(self, stub: Any, method: str, request: Any, *headers: tuple[str, str]) -> Any:
        """One call; raises CallError as clients of the mesh do."""
        metadata = [*self.headers, *headers]
        if self.tokens is not None:
            metadata.append(("authorization", f"Bearer {self.tokens.access_token}"))
        try:
            return await getattr(stub(self.channel), method)(request, metadata=metadata, timeout=20)
        except grpc.aio.AioRpcError as error:
            raise status.from_rpc_error(error, "identity") from None

    async def identity(self, method: str, request: Any) -> Any:
        return await self.call(IdentityServiceStub, method, request)

    async def account(self, method: str, request: Any) -> Any:
        return await self.call(AccountServiceStub, method, request)

    async def admin(self, method: str, request: Any) -> Any:
        return await self.call(AdminServiceStub, method, request)

    async def keys(self, method: str, request: Any) -> Any:
        return await self.call(KeyServiceStub, method, request)


@dataclass
class House:
    """A running service and its visitors."""

    running: Running
    channel: grpc.aio.Channel

    def stranger(self) -> Person:
        return Person(self.channel)

    async def newcomer(self, username: str, email: str = "") -> Person:
        """Somebody who has just registered."""
        person = self.stranger()
        request = identity_service_pb2.RegisterRequest(username=username, password=PASSWORD, email=email)
        reply = await person.identity("Register", request)
        person.tokens, person.account_id = reply.tokens, reply.account.account_id
        return person

    async def signed_in(self, username: str, password: str = PASSWORD, code: str = "") -> Person:
        """The same person on another device."""
        person = self.stranger()
        request = identity_service_pb2.LoginRequest(username=username, password=password, code=code)
        reply = await person.identity("Login", request)
        person.tokens, person.account_id = reply.tokens, reply.account.account_id
        return person


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with running(build_identity, build_audit, local_principal=False) as served:
        channel = grpc.aio.insecure_channel(served.runtime.settings.address("identity"))
        yield House(served, channel)
        await channel.close()
