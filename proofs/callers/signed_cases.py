"""Who sends the cases of a fuzzer: accounts that are signed in, and signed in anew once their session has ended."""

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import grpc
from mootion.identity.v1.account_pb2 import ADMIN, Tokens
from mootion.identity.v1.account_service_pb2 import GetAccountRequest, GetAccountResponse
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
_ACCOUNTS = "/mootion.identity.v1.AccountService/"
MAIN = "main"
# Half of what an access token lives.
_YOUNG_SECONDS = 300.0
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
    _signed_in: dict[str, "_SignedIn"] = field(default_factory=dict)
    _names: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._channel = grpc.insecure_channel(f"{self.settings.bind_host}:{self.settings.grpc_port}")

    def token(self, who: str) -> str:
        """A good access token: of the same account as before as long as its session goes on."""
        with self._lock:
            held = self._signed_in.get(who)
            if held is not None and held.is_young() and self._is_administrator(held.access_token):
                return held.access_token
            renewed = self._renewed(who, held) if held is not None else ""
            return renewed if self._is_administrator(renewed) else self._of_new_account(who)

    def close(self) -> None:
        """Nobody signs in any more."""
        self._channel.close()

    def _is_administrator(self, token: str) -> bool:
        call = self._channel.unary_unary(
            f"{_ACCOUNTS}GetAccount", GetAccountRequest.SerializeToString, GetAccountResponse.FromString
        )
        try:
            reply = call(GetAccountRequest(), metadata=(("authorization", f"Bearer {token}"),), timeout=20)
        except grpc.RpcError:
            return False
        return bool(reply.account.role == ADMIN)

    def _renewed(self, who: str, held: "_SignedIn") -> str:
        call = self._channel.unary_unary(
            f"{_SERVICE}RefreshTokens",
            RefreshTokensRequest.SerializeToString,
            RefreshTokensResponse.FromString,
        )
        try:
            reply = call(RefreshTokensRequest(refresh_token=held.refresh_token), timeout=20)
        except grpc.RpcError:
            return ""
        return self._kept(who, reply.tokens)

    def _of_new_account(self, who: str) -> str:
        name = f"fuzzer-{who}-{next(self._names)}"
        asyncio.run(create_admin(self.settings, name, PASSWORD))
        call = self._channel.unary_unary(
            f"{_SERVICE}Login", LoginRequest.SerializeToString, LoginResponse.FromString
        )
        return self._kept(who, call(LoginRequest(username=name, password=PASSWORD), timeout=30).tokens)

    def _kept(self, who: str, tokens: Tokens) -> str:
        self._signed_in[who] = _SignedIn(tokens.access_token, tokens.refresh_token, time.monotonic())
        return tokens.access_token


@dataclass(frozen=True)
class _SignedIn:
    access_token: str
    refresh_token: str
    since: float

    def is_young(self) -> bool:
        return time.monotonic() < self.since + _YOUNG_SECONDS


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
