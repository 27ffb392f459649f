"""Sign-in with OpenID Connect providers: authorization code with PKCE (RFC 7636), state and nonce, each for one use."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2

from mesh.config import OpenIdProvider
from mesh.errors import CallError, missing
from mesh.runtime import Runtime
from mesh.sealing import Sealer
from services.identity import opaque, token_store
from services.identity.account_store import AccountStore, StoredAccount

STATE_SECONDS = 600
CALL_SECONDS = 8.0
ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
LEEWAY_SECONDS = 60
SIGN_IN = "sign-in"

log = structlog.get_logger(__name__)


@dataclass
class Providers:
    """The providers an operator set up, by name. What they publish about themselves is read once and kept."""

    runtime: Runtime
    accounts: AccountStore
    sealer: Sealer
    known: Mapping[str, OpenIdProvider]
    redirects: frozenset[str]
    transport: httpx2.AsyncBaseTransport | None = None
    _metadata: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, runtime: Runtime, accounts: AccountStore, sealer: Sealer) -> "Providers":
        """By MOOTION_OIDC_<NAME>_ISSUER, _CLIENT_ID, _CLIENT_SECRET and MOOTION_OIDC_REDIRECTS."""
        settings = runtime.settings
        return cls(runtime, accounts, sealer, settings.oidc_providers, frozenset(settings.oidc_redirects))

    async def start(self, name: str, redirect_uri: str) -> tuple[str, str]:
        """Where to send the browser, and the state to hand back.

        Raises:
            CallError: UNKNOWN_PROVIDER, SIGN_IN_FAILED.
        """
        provider = self.known.get(name)
        if provider is None or redirect_uri not in self.redirects:
            raise missing(
                reason_pb2.REASON_UNKNOWN_PROVIDER,
                "There is no such provider here, or the address to come back to is not one of MOOTION_OIDC_REDIRECTS.",
            )
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        async with self._client(provider, redirect_uri) as client:
            endpoint = (await self._about(provider))["authorization_endpoint"]
            url, _ = client.create_authorization_url(
                endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        await self._keep(
            state, {"provider": name, "redirect_uri": redirect_uri, "nonce": nonce, "verifier": verifier}
        )
        return str(url), state

    async def complete(self, state: str, code: str) -> StoredAccount:
        """The account of whoever signed in with the provider; made at the first time.

        Raises:
            CallError: SIGN_IN_FAILED.
        """
        begun = await self._take(state)
        provider = self.known.get(begun["provider"])
        if provider is None:
            raise sign_in_failed("The provider is not set up any more.")
        claims = await self._claims(provider, begun, code)
        return await self._account(provider.name, str(claims["sub"]), claims)

    async def _claims(
        self, provider: OpenIdProvider, begun: Mapping[str, str], code: str
    ) -> Mapping[str, Any]:
        async with self._client(provider, begun["redirect_uri"]) as client:
            about = await self._about(provider)
            try:
                token = await client.fetch_token(
                    about["token_endpoint"], code=code, code_verifier=begun["verifier"]
                )
                keys: Any = await self._read(about["jwks_uri"])
                claims = jwt.decode(
                    token["id_token"], KeySet.import_key_set(keys), algorithms=ALGORITHMS
                ).claims
            except (OAuthError, httpx2.HTTPError, JoseError, KeyError, ValueError) as error:
                log.warning("sign_in_failed", provider=provider.name, error=type(error).__name__)
                raise sign_in_failed("The provider did not confirm it.") from None
        self._check(claims, provider, begun["nonce"])
        return claims

    def _check(self, claims: Mapping[str, Any], provider: OpenIdProvider, nonce: str) -> None:
        """OpenID Connect Core 1.0, 3.1.3.7."""
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        ends, now = claims.get("exp"), self.runtime.clock.now().timestamp()
        good = (
            claims.get("iss") == provider.issuer
            and provider.client_id in audiences
            and (len(audiences) == 1 or claims.get("azp") == provider.client_id)
            and isinstance(ends, int | float)
            and ends > now - LEEWAY_SECONDS
            and secrets.compare_digest(str(claims.get("nonce")).encode(), nonce.encode())
            and bool(claims.get("sub"))
        )
        if not good:
            raise sign_in_failed("What the provider confirmed is not for this sign-in.")

    async def _account(self, provider: str, subject: str, claims: Mapping[str, Any]) -> StoredAccount:
        async with self.runtime.database.transaction() as tx:
            account = await self.accounts.find_by_subject(tx, provider, subject)
            if account is None:
                account = await self._new(claims, provider)
                await self.accounts.add(tx, account)
                await self.accounts.link_subject(tx, provider, subject, account.account_id)
        if account.disabled:
            raise sign_in_failed("The account may not sign in.")
        return account

    async def _new(self, claims: Mapping[str, Any], provider: str) -> StoredAccount:
        """An account with a name of its own: what a provider tells of names is never matched with other accounts."""
        account_id = self.runtime.ids.new()
        return StoredAccount(
            account_id=account_id,
            username=f"{provider}-{account_id.replace('-', '')[-12:]}",
            role=account_pb2.STUDENT,
            created_us=int(self.runtime.clock.now().timestamp() * 1e6),
            email=str(claims.get("email", ""))[:254] if claims.get("email_verified") is True else "",
            display_name=str(claims.get("name", ""))[:100],
        )

    async def _keep(self, state: str, begun: Mapping[str, str]) -> None:
        ends_us = int((self.runtime.clock.now().timestamp() + STATE_SECONDS) * 1e6)
        token_hash = opaque.kept(state)
        sealed = self.sealer.seal(json.dumps(begun).encode(), f"sign_in:{token_hash}")
        async with self.runtime.database.transaction() as tx:
            await token_store.add(tx, SIGN_IN, token_hash, "", ends_us, sealed)

    async def _take(self, state: str) -> dict[str, str]:
        token_hash = opaque.kept(state)
        now_us = int(self.runtime.clock.now().timestamp() * 1e6)
        async with self.runtime.database.transaction() as tx:
            used = await token_store.use(tx, SIGN_IN, token_hash, now_us)
        if used is None or used[1] is None:
            raise sign_in_failed(
                "It was not begun here, took longer than ten minutes, or was completed before."
            )
        begun: dict[str, str] = json.loads(self.sealer.open(used[1], f"sign_in:{token_hash}"))
        return begun

    async def _about(self, provider: OpenIdProvider) -> dict[str, Any]:
        if provider.name not in self._metadata:
            url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                found = await self._read(url)
            except (httpx2.HTTPError, ValueError):
                raise sign_in_failed("The provider does not answer.") from None
            if found.get("issuer") != provider.issuer:
                raise sign_in_failed("The provider says it is another one.")
            self._metadata[provider.name] = found
        return self._metadata[provider.name]

    async def _read(self, url: str) -> dict[str, Any]:
        """What the provider publishes to everybody, asked for without our own credentials."""
        async with httpx2.AsyncClient(timeout=CALL_SECONDS, transport=self.transport) as client:
            found: dict[str, Any] = (await client.get(url)).raise_for_status().json()
            return found

    def _client(self, provider: OpenIdProvider, redirect_uri: str) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=provider.client_id,
            client_secret=provider.client_secret.reveal(),
            scope="openid email profile",
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
