"""Proof S1 at the verifier: what is not exactly one of our tokens is no token."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from mootion.policy.v1 import policy_pb2

from mesh.access_token import Claims, TokenRefused, TokenVerifier, claims_of

NOW = 1_800_000_000.0
OURS = ECKey.generate_key("P-256", {"kid": "k1"})
OTHER = ECKey.generate_key("P-256", {"kid": "k1"})
RSA = RSAKey.generate_key(2048, {"kid": "k1"})
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}


class Keys:
    async def find(self, kid: str) -> ECKey | None:
        return {"k1": OURS}.get(kid)


async def nothing_is_revoked(session_id: str) -> bool:
    return session_id == "ended"


def verifier() -> TokenVerifier:
    return TokenVerifier(Keys(), nothing_is_revoked, lambda: NOW)


def good(**changes: Any) -> dict[str, Any]:
    claims = claims_of("acc", "STUDENT", "ses", "jti", NOW) | changes
    return {name: value for name, value in claims.items() if value is not None}


def signed(
    claims: dict[str, Any], header: dict[str, Any] = HEADER, key: Any = OURS, alg: str = "ES256"
) -> str:
    return jwt.encode(header, claims, key, algorithms=[alg], default_type=None)


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned(header: dict[str, Any]) -> str:
    return f"{part(header)}.{part(good())}."


def hmac_with_the_public_key() -> str:
    head = f"{part({**HEADER, 'alg': 'HS256'})}.{part(good())}"
    return f"{head}.{part(hmac.digest(OURS.as_pem(private=False), head.encode(), hashlib.sha256))}"


def with_header(**more: Any) -> str:
    """A header of the attacker's, with the signature of a good token: the header is refused before it is looked at."""
    _, claims, signature = signed(good()).split(".")
    return f"{part({**HEADER, **more})}.{claims}.{signature}"


def tampered() -> str:
    head, _, signature = signed(good()).split(".")
    return f"{head}.{part(good(role='ADMIN'))}.{signature}"


FORGED = {
    "no algorithm": unsigned({**HEADER, "alg": "none"}),
    "no algorithm in other letters": unsigned({**HEADER, "alg": "nOnE"}),
    "no signature": unsigned(HEADER),
    "the public key as a secret": hmac_with_the_public_key(),
    "a secret of the attacker's": signed(
        good(), {**HEADER, "alg": "HS256"}, OctKey.generate_key(256), "HS256"
    ),
    "another key of the same name": signed(good(), key=OTHER),
    "another kind of key": signed(good(), {**HEADER, "alg": "RS256"}, RSA, "RS256"),
    "an unknown key": signed(good(), {**HEADER, "kid": "k2"}),
    "a path as key id": signed(good(), {**HEADER, "kid": "../../../../dev/null"}),
    "SQL as key id": signed(good(), {**HEADER, "kid": "x' UNION SELECT 'k1"}),
    "no key id": signed(good(), {"alg": "ES256", "typ": "at+jwt"}),
    "a number as key id": with_header(kid=1),
    "another type": signed(good(), {**HEADER, "typ": "JWT"}),
    "no type": signed(good(), {"alg": "ES256", "kid": "k1"}),
    "a key in the header": with_header(jwk=OTHER.as_dict(private=False)),
    "an address of keys": with_header(jku="https://attacker.example/keys"),
    "an address of a certificate": with_header(x5u="https://attacker.example/cert"),
    "a certificate in the header": with_header(x5c=["MIIB"]),
    "a critical extension": with_header(crit=["exp"]),
    "an algorithm list": with_header(alg=["ES256"]),
    "changed claims": tampered(),
    "expired": signed(good(exp=int(NOW) - 1)),
    "expiring now": signed(good(exp=int(NOW))),
    "not yet valid": signed(good(nbf=int(NOW) + 60)),
    "issued in the future": signed(good(iat=int(NOW) + 60)),
    "no expiry": signed(good(exp=None)),
    "an expiry in words": signed(good(exp="2099-01-01")),
    "an endless expiry": signed(good(exp=True)),
    "no start": signed(good(nbf=None)),
    "another issuer": signed(good(iss="https://attacker.example")),
    "no issuer": signed(good(iss=None)),
    "another audience": signed(good(aud="other")),
    "no audience": signed(good(aud=None)),
    "a list of audiences": signed(good(aud=["mootion", "other"])),
    "no account": signed(good(sub=None)),
    "no session": signed(good(sid=None)),
    "no role": signed(good(role=None)),
    "a role of the mesh": signed(good(role="SERVICE")),
    "a role in small letters": signed(good(role="admin")),
    "a revoked session": signed(good(sid="ended")),
    "oversized": signed(good(more="x" * 5000)),
    "two parts": ".".join(signed(good()).split(".")[:2]),
    "four parts": signed(good()) + ".x",
    "empty": "",
    "dots": "..",
    "no base64": "%%%.%%%.%%%",
    "no JSON": f"{part(b'nope')}.{part(good())}.x",
    "nested JSON": f"{part(b'[' * 2000)}.{part(good())}.x",
    "a list as header": f"{part([1])}.{part(good())}.x",
    "a list as claims": f"{part(HEADER)}.{part([1])}.{signed(good()).split('.')[2]}",
    "a cut signature": signed(good())[:-4],
    "null bytes": signed(good()) + "\0",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
async def test_it_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        await verifier().verify(token)
    assert not token or token[:20] not in str(refused.value)


async def test_a_good_token_says_who_calls() -> None:
    found = await verifier().verify(signed(good()))
    assert found == Claims("acc", policy_pb2.ACCESS_ROLE_STUDENT, "ses", NOW + 600)


async def test_a_remembered_token_ends_all_the_same() -> None:
    now = NOW
    checks = TokenVerifier(Keys(), nothing_is_revoked, lambda: now)
    token = signed(good())
    await checks.verify(token)
    now = NOW + 601
    with pytest.raises(TokenRefused):
        await checks.verify(token)


async def test_a_remembered_token_of_a_session_that_was_ended_is_refused() -> None:
    ended: set[str] = set()

    async def is_revoked(session_id: str) -> bool:
        return session_id in ended

    checks = TokenVerifier(Keys(), is_revoked, lambda: NOW)
    token = signed(good())
    await checks.verify(token)
    ended.add("ses")
    with pytest.raises(TokenRefused):
        await checks.verify(token)
