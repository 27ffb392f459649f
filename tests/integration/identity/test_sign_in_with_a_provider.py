"""OpenID Connect against a provider made for the test: real codes, keys and tokens, over a transport in memory."""

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from mootion.errors.v1 import reason_pb2

from mesh.config import Secret, SignInProvider
from mesh.errors import CallError
from mesh.runtime import Runtime
from mesh.testing import running
from services.identity.__main__ import build
from services.identity.account_store import AccountStore
from services.identity.providers import Providers
from services.identity.sign_in import Web

ISSUER = "https://provider.example"
BACK = "https://mootion.example/back"
KEY = ECKey.generate_key("P-256", {"kid": "p1"})


@dataclass
class Provider:
    """What a provider does, with a claim or two changed where a test says so."""

    runtime: Runtime
    changes: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    published: str = ISSUER
    key_facts: dict[str, str] = field(default_factory=dict)

    def approve(self, url: str) -> str:
        """The person agrees: the code that the browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return code

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx2.Response(200, json=self._about())
        if request.url.path == "/keys":
            return httpx2.Response(200, json={"keys": [KEY.as_dict(private=False) | self.key_facts]})
        return self._token({name: values[0] for name, values in parse_qs(request.content.decode()).items()})

    def _about(self) -> dict[str, str]:
        ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": self.published, **{name: ISSUER + path for name, path in ends.items()}}

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


def providers(
    runtime: Runtime, issuer: str, answer: Callable[[httpx2.Request], httpx2.Response]
) -> Providers:
    """One provider by the name `example`, answered for by a function."""
    example = SignInProvider("example", issuer, "us", Secret("hush"))
    web, accounts = Web(httpx2.MockTransport(answer)), AccountStore(runtime.sealer)
    return Providers.build(runtime, accounts, runtime.sealer, web, [example], [BACK])


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with running(build) as served:
        runtime = served.runtime
        provider = Provider(runtime)
        yield Desk(provider, providers(runtime, ISSUER, provider.answer))


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


TENANT = "00000000-1111-2222-3333-444444444444"
OTHER_TENANT = "99999999-1111-2222-3333-444444444444"
OF_ANY_TENANT = f"{ISSUER}/{{tenantid}}/v2.0"


@pytest.fixture
async def tenants(desk: Desk) -> Desk:
    """A provider that publishes one issuer for all its tenants, as Microsoft does."""
    desk.provider.published = OF_ANY_TENANT
    desk.provider.key_facts = {"issuer": OF_ANY_TENANT}
    desk.provider.changes = {"iss": f"{ISSUER}/{TENANT}/v2.0", "tid": TENANT}
    all_of_them = providers(desk.provider.runtime, f"{ISSUER}/common/v2.0", desk.provider.answer)
    return Desk(desk.provider, all_of_them)


async def test_people_of_any_tenant_sign_in_where_the_operator_says_so(tenants: Desk) -> None:
    first = await tenants.sign_in()
    assert (await tenants.sign_in()).account_id == first.account_id


@pytest.mark.parametrize(
    "changes",
    [
        {"tid": OTHER_TENANT},
        {"tid": "common", "iss": f"{ISSUER}/common/v2.0"},
        {"tid": None},
        {"iss": OF_ANY_TENANT},
    ],
)
async def test_the_issuer_is_that_of_the_tenant_that_is_named(tenants: Desk, changes: dict[str, Any]) -> None:
    tenants.provider.changes |= changes
    with pytest.raises(CallError, match="not for this sign-in"):
        await tenants.sign_in()


async def test_a_key_of_one_tenant_signs_for_no_other(tenants: Desk) -> None:
    tenants.provider.key_facts = {"issuer": f"{ISSUER}/{OTHER_TENANT}/v2.0"}
    with pytest.raises(CallError, match="not for this sign-in"):
        await tenants.sign_in()


async def test_a_provider_that_says_it_is_another_one_is_not_asked(desk: Desk) -> None:
    desk.provider.published = "https://attacker.example"
    with pytest.raises(CallError, match="another one"):
        await desk.providers.start("example", BACK)


@dataclass
class GitHub:
    """What github.com does: OAuth 2.0 without ID tokens, errors with status 200."""

    user: dict[str, Any]
    emails: list[dict[str, Any]]
    asked: dict[str, str] = field(default_factory=dict)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/login/oauth/access_token":
            form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
            if form.get("code") != "good" or not _fits(form["code_verifier"], self.asked["code_challenge"]):
                return httpx2.Response(200, json={"error": "bad_verification_code"})
            return httpx2.Response(200, json={"access_token": "gho_1", "token_type": "bearer"})
        if request.headers.get("authorization") != "Bearer gho_1":
            return httpx2.Response(401, json={"message": "Bad credentials"})
        return httpx2.Response(200, json=self.user if request.url.path == "/user" else self.emails)


@pytest.fixture
def github() -> GitHub:
    address = {"email": "ada@example.org", "primary": True, "verified": True}
    return GitHub({"id": 7, "login": "ada", "name": None}, [address])


async def by_github(runtime: Runtime, github: GitHub, code: str = "good") -> Any:
    there = providers(runtime, "https://github.com", github.answer)
    url, state = await there.start("example", BACK)
    assert url.startswith("https://github.com/login/oauth/authorize?")
    github.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return await there.complete(state, code)


async def test_people_sign_in_with_github(desk: Desk, github: GitHub) -> None:
    first = await by_github(desk.provider.runtime, github)
    assert (first.display_name, first.email) == ("ada", "ada@example.org")
    github.user["login"] = "renamed"
    assert (await by_github(desk.provider.runtime, github)).account_id == first.account_id


async def test_who_took_over_a_name_at_github_is_somebody_else(desk: Desk, github: GitHub) -> None:
    first = await by_github(desk.provider.runtime, github)
    github.user["id"] = 8
    assert (await by_github(desk.provider.runtime, github)).account_id != first.account_id


async def test_an_address_that_github_did_not_verify_is_not_believed(desk: Desk, github: GitHub) -> None:
    github.emails[0]["verified"] = False
    assert (await by_github(desk.provider.runtime, github)).email == ""


async def test_a_code_that_github_does_not_know_signs_nobody_in(desk: Desk, github: GitHub) -> None:
    with pytest.raises(CallError, match="did not confirm"):
        await by_github(desk.provider.runtime, github, "invented")
