"""Who sends the cases of a fuzzer: accounts that are signed in, and signed in anew once their session has ended."""

import asyncio
import itertools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import grpc
from mootion.identity.v1.identity_service_pb2 import (
    LoginRequest,
    LoginResponse,
    RefreshTokensRequest,
    RefreshTokensResponse,
)
from schemathesis import AuthContext, Case

from cli.administrators import create_admin
from mesh.config import Settings

PASSWORD = "correct horse battery"
_SERVICE = "/mootion.identity.v1.IdentityService/"
MAIN = "main"
# Ends its own session, or the account's: none that another case needs.
_LEAVES = ("logout", "revokeSession", "deleteAccount", "changePassword", "SecondFactor", "resetPassword")
# Methods that a principal may call more seldom than a fuzzer does, so that many take turns.
_TURNS = {"search": 12, "createApiKey": 6, "createStudentInvitation": 6, "exportAccount": 10}


@dataclass
class Accounts:
    """Administrators, who may call everything. They sign in past the edge, which counts sign-ins by address.

    Args:
        settings: of the running system.
    """

    settings: Settings
    _channel: grpc.Channel = field(init=False)
    _refresh: dict[str, str] = field(default_factory=dict)
    _names: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._channel = grpc.insecure_channel(f"{self.settings.bind_host}:{self.settings.grpc_port}")

    def token(self, who: str) -> str:
        """A good access token: of the same account as before as long as its session goes on."""
        with self._lock:
            return self._renewed(who) or self._of_new_account(who)

    def close(self) -> None:
        """Nobody signs in any more."""
        self._channel.close()

    def _renewed(self, who: str) -> str:
        used = self._refresh.get(who)
        if used is None:
            return ""
        call = self._channel.unary_unary(
            f"{_SERVICE}RefreshTokens",
            RefreshTokensRequest.SerializeToString,
            RefreshTokensResponse.FromString,
        )
        try:
            reply = call(RefreshTokensRequest(refresh_token=used), timeout=20)
        except grpc.RpcError:
            return ""
        self._refresh[who] = reply.tokens.refresh_token
        return str(reply.tokens.access_token)

    def _of_new_account(self, who: str) -> str:
        name = f"fuzzer-{who}-{next(self._names)}"
        asyncio.run(create_admin(self.settings, name, PASSWORD))
        call = self._channel.unary_unary(
            f"{_SERVICE}Login", LoginRequest.SerializeToString, LoginResponse.FromString
        )
        reply = call(LoginRequest(username=name, password=PASSWORD), timeout=30)
        self._refresh[who] = reply.tokens.refresh_token
        return str(reply.tokens.access_token)


@dataclass
class Senders:
    """Schemathesis's AuthProvider: which account sends a case, and from which address."""

    accounts: Accounts
    _turns: Iterator[int] = field(default_factory=itertools.count)

    def who(self, case: Case[Any], context: AuthContext) -> str:
        """The account of a case: the one that owns things, unless the case would sign it out or exhaust it."""
        name = str(context.operation.definition.raw.get("operationId", ""))
        if any(part in name for part in _LEAVES):
            return "leaver"
        count = _TURNS.get(name)
        return MAIN if count is None else f"{name}-{crc32(case.id.encode()) % count}"

    def get(self, case: Case[Any], context: AuthContext, /) -> Mapping[str, str]:
        """What the sender shows."""
        return {"authorization": f"Bearer {self.accounts.token(self.who(case, context))}"}

    def set(self, case: Case[Any], data: Mapping[str, str], context: AuthContext, /) -> None:
        """Puts that on a case, with an address of its own as a proxy in front of the edge tells it."""
        number = next(self._turns)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        case.headers.update({**data, "x-forwarded-for": address})
