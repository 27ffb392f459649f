"""OpenID Connect against a provider made for the test: real codes, keys and tokens, over a transport in memory."""

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from mootion.errors.v1 import reason_pb2

from mesh.config import OpenIdProvider, Secret
from mesh.errors import CallError
from mesh.runtime import Runtime
from mesh.testing import running
from services.identity.__main__ import build
from services.identity.account_store import AccountStore
from services.identity.providers import Providers

ISSUER = "https://provider.example"
BACK = "https://mootion.example/back"
KEY = ECKey.generate_key("P-256", {"kid": "p1"})


@dataclass
class Provider:
    """What a provider does, with a claim or two changed where a test says so."""

    runtime: Runtime
    changes: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def approve(self, url: str) -> str:
        """The person agrees: the code that the browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return code

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/.well-known/openid-configuration":
            return httpx2.Response(200, json=self._about())
        if request.url.path == "/keys":
            return httpx2.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        return self._token({name: values[0] for name, values in parse_qs(request.content.decode()).items()})

    def _about(self) -> dict[str, str]:
        ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": ISSUER, **{name: ISSUER + path for name, path in ends.items()}}

    def _token(self, form: dict[str, str]) -> httpx2.Response:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or not _fits(form.get("code_verifier", ""), asked["code_challenge"]):
            return httpx2.Response(400, json={"error": "invalid_grant"})
        now = int(self.runtime.clock.now().timestamp())
        claims = {
            "iss": ISSUER, "aud": "us", "sub": "subject-1", "nonce": asked["nonce"],
            "iat": now, "exp": now + 300, "name": "Ada", "email": "ada@example.org", "email_verified": True,
        } | self.changes  # fmt: skip
        token = jwt.encode({"alg": "ES256", "kid": "p1"}, claims, KEY, algorithms=["ES256"])
        return httpx2.Response(200, json={"access_token": "x", "token_type": "Bearer", "id_token": token})


def _fits(verifier: str, challenge: str) -> bool:
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return digest == challenge


@dataclass
class Desk:
    provider: Provider
    providers: Providers

    async def sign_in(self) -> Any:
        url, state = await self.providers.start("example", BACK)
        return await self.providers.complete(state, self.provider.approve(url))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with running(build) as served:
        runtime = served.runtime
        provider = Provider(runtime)
        known = {"example": OpenIdProvider("example", ISSUER, "us", Secret("hush"))}
        transport = httpx2.MockTransport(provider.answer)
        accounts = AccountStore(runtime.sealer)
        yield Desk(
            provider, Providers(runtime, accounts, runtime.sealer, known, frozenset({BACK}), transport)
        )


async def test_the_first_sign_in_makes_an_account_and_the_next_finds_it(desk: Desk) -> None:
    first = await desk.sign_in()
    assert (first.display_name, first.email) == ("Ada", "ada@example.org")
    assert (await desk.sign_in()).account_id == first.account_id


async def test_an_address_that_was_not_verified_is_not_believed(desk: Desk) -> None:
    desk.provider.changes = {"email_verified": False}
    assert (await desk.sign_in()).email == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://attacker.example"},
        {"aud": "others"},
        {"aud": ["us", "others"]},
        {"nonce": "another"},
        {"exp": 1},
        {"sub": ""},
    ],
)
async def test_what_is_not_for_this_sign_in_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    desk.provider.changes = changes
    with pytest.raises(CallError) as refused:
        await desk.sign_in()
    assert refused.value.reason == reason_pb2.REASON_SIGN_IN_FAILED
    assert json.dumps(changes) not in refused.value.message


async def test_a_state_is_good_once_and_never_invented(desk: Desk) -> None:
    url, state = await desk.providers.start("example", BACK)
    await desk.providers.complete(state, desk.provider.approve(url))
    for spent in (state, "invented"):
        with pytest.raises(CallError) as refused:
            await desk.providers.complete(spent, desk.provider.approve(url))
        assert refused.value.reason == reason_pb2.REASON_SIGN_IN_FAILED


@pytest.mark.parametrize(("name", "back"), [("unknown", BACK), ("example", "https://attacker.example/")])
async def test_only_set_up_providers_and_addresses_are_used(desk: Desk, name: str, back: str) -> None:
    with pytest.raises(CallError) as refused:
        await desk.providers.start(name, back)
    assert refused.value.reason == reason_pb2.REASON_UNKNOWN_PROVIDER
