"""Sign-in with providers: authorization code with PKCE (RFC 7636), state and nonce, each for one use."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from joserfc.errors import JoseError
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2

from mesh.config import SignInProvider
from mesh.errors import missing
from mesh.runtime import Runtime
from mesh.sealing import Sealer
from services.identity import opaque, token_store
from services.identity.account_store import AccountStore, StoredAccount, SubjectTaken
from services.identity.github import GitHub, is_github
from services.identity.openid import OpenId
from services.identity.sign_in import Begun, Person, SignIn, Web, sign_in_failed

STATE_SECONDS = 600
SIGN_IN = "sign-in"
UNCONFIRMED = (OAuthError, httpx2.HTTPError, JoseError, KeyError, TypeError, ValueError)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Providers:
    """The providers an operator set up, by name."""

    runtime: Runtime
    accounts: AccountStore
    sealer: Sealer
    web: Web
    known: Mapping[str, SignIn]
    redirects: frozenset[str]

    @classmethod
    def from_settings(cls, runtime: Runtime, accounts: AccountStore, sealer: Sealer) -> "Providers":
        """By MOOTION_OIDC_<NAME>_ISSUER, _CLIENT_ID, _CLIENT_SECRET and MOOTION_OIDC_REDIRECTS."""
        settings = runtime.settings
        return cls.build(
            runtime, accounts, sealer, Web(), settings.oidc_providers.values(), settings.oidc_redirects
        )

    @classmethod
    def build(
        cls,
        runtime: Runtime,
        accounts: AccountStore,
        sealer: Sealer,
        web: Web,
        providers: Iterable[SignInProvider],
        redirects: Iterable[str],
    ) -> "Providers":
        """For some providers; GitHub is known by its issuer."""
        known: dict[str, SignIn] = {
            each.name: GitHub(each, web) if is_github(each.issuer) else OpenId(each, web, runtime.clock.now)
            for each in providers
        }
        return cls(runtime, accounts, sealer, web, known, frozenset(redirects))

    async def start(self, name: str, redirect_uri: str) -> tuple[str, str]:
        """Where to send the browser, and the state to hand back.

        Raises:
            CallError: UNKNOWN_PROVIDER, SIGN_IN_FAILED.
        """
        sign_in = self.known.get(name)
        if sign_in is None or redirect_uri not in self.redirects:
            raise missing(
                reason_pb2.REASON_UNKNOWN_PROVIDER,
                "There is no such provider here, or the address to come back to is not one of MOOTION_OIDC_REDIRECTS.",
            )
        try:
            endpoint = await sign_in.authorization_endpoint()
        except UNCONFIRMED as error:
            log.warning("provider_unavailable", provider=name, error=type(error).__name__)
            raise sign_in_failed("The provider does not answer.") from None
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        async with self.web.client(sign_in, redirect_uri) as client:
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
        sign_in = self.known.get(begun["provider"])
        if sign_in is None:
            raise sign_in_failed("The provider is not set up any more.")
        return await self.account_of(sign_in.provider.name, await self._person(sign_in, begun, code))

    async def _person(self, sign_in: SignIn, begun: Begun, code: str) -> Person:
        async with self.web.client(sign_in, begun["redirect_uri"]) as client:
            try:
                return await sign_in.person(client, begun, code)
            except UNCONFIRMED as error:
                log.warning("sign_in_failed", provider=sign_in.provider.name, error=type(error).__name__)
                raise sign_in_failed("The provider did not confirm it.") from None

    async def account_of(self, provider: str, person: Person) -> StoredAccount:
        """The account of somebody whom a provider confirmed; made at the first time.

        Raises:
            CallError: SIGN_IN_FAILED.
        """
        try:
            account = await self._known_or_new(provider, person)
        except SubjectTaken:
            # Another first sign-in of the same person was committed meanwhile.
            account = await self._known_or_new(provider, person)
        if account.disabled:
            raise sign_in_failed("The account may not sign in.")
        return account

    async def _known_or_new(self, provider: str, person: Person) -> StoredAccount:
        async with self.runtime.database.transaction() as tx:
            account = await self.accounts.find_by_subject(tx, provider, person.subject)
            if account is None:
                account = self._new(provider, person)
                await self.accounts.add(tx, account)
                await self.accounts.link_subject(tx, provider, person.subject, account.account_id)
        return account

    def _new(self, provider: str, person: Person) -> StoredAccount:
        """An account with a name of its own: what a provider tells of names is never matched with other accounts."""
        account_id = self.runtime.ids.new()
        return StoredAccount(
            account_id=account_id,
            username=f"{provider}-{account_id.replace('-', '')[-12:]}",
            role=account_pb2.STUDENT,
            created_us=int(self.runtime.clock.now().timestamp() * 1e6),
            email=person.email[:254],
            display_name=person.display_name[:100],
        )

    async def _keep(self, state: str, begun: Begun) -> None:
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
