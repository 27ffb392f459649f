"""What a provider of sign-ins does for us, and how it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client
from mootion.errors.v1 import reason_pb2

from mesh.config import SignInProvider
from mesh.errors import CallError

CALL_SECONDS = 8.0

Begun = Mapping[str, str]
"""What is kept of a sign-in until the browser comes back: `provider`, `redirect_uri`, `nonce` and `verifier`."""


@dataclass(frozen=True)
class Person:
    """Somebody whom a provider knows.

    Args:
        subject: never given to anybody else by that provider.
        email: an address that the provider verified, or nothing.
        display_name: what they call themselves, or nothing.
    """

    subject: str
    email: str
    display_name: str


class SignIn(Protocol):
    """A provider."""

    @property
    def provider(self) -> SignInProvider:
        """What the operator set."""
        ...

    @property
    def scope(self) -> str:
        """What is asked of it, with spaces between."""
        ...

    async def authorization_endpoint(self) -> str:
        """Where browsers are sent to."""
        ...

    async def person(self, client: AsyncOAuth2Client, begun: Begun, code: str) -> Person:
        """Who came back with a code.

        Raises:
            CallError: SIGN_IN_FAILED.
            OAuthError, httpx2.HTTPError, JoseError, KeyError, TypeError, ValueError: the provider did not confirm it.
        """
        ...


@dataclass(frozen=True)
class Web:
    """How providers are reached. Redirects are not followed."""

    transport: httpx2.AsyncBaseTransport | None = None

    async def read(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        """JSON that a provider gives out, asked for without our own credentials."""
        async with httpx2.AsyncClient(timeout=CALL_SECONDS, transport=self.transport) as client:
            return (await client.get(url, headers=dict(headers or {}))).raise_for_status().json()

    def client(self, sign_in: SignIn, redirect_uri: str) -> AsyncOAuth2Client:
        """A client of OAuth 2.0 for one step of a sign-in, with PKCE."""
        return AsyncOAuth2Client(
            client_id=sign_in.provider.client_id,
            client_secret=sign_in.provider.client_secret.reveal(),
            scope=sign_in.scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=CALL_SECONDS,
            follow_redirects=False,
            transport=self.transport,
        )


def sign_in_failed(why: str) -> CallError:
    """Nobody is signed in; begin again."""
    return CallError(
        grpc.StatusCode.UNAUTHENTICATED,
        reason_pb2.REASON_SIGN_IN_FAILED,
        f"The sign-in failed. {why} Begin again.",
    )
