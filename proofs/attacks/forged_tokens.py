"""Everything that looks like one of our access tokens and is none."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, OctKey, RSAKey

from mesh.access_token import claims_of

_ALGORITHM, _TYPE = "ES256", "at+jwt"


@dataclass(frozen=True)
class Forger:
    """Makes tokens with our own key and with others.

    Args:
        ours: the private key that good tokens are signed with, with its id.
        now: seconds since 1970.
        account_id, session_id, role: whom good tokens name.
        ended_session_id: a session that was ended.
    """

    ours: ECKey
    now: float
    account_id: str = "acc"
    session_id: str = "ses"
    role: str = "STUDENT"
    ended_session_id: str = "ended"
    other: ECKey = field(init=False)
    rsa: RSAKey = field(init=False)

    def __post_init__(self) -> None:
        same_name: KeyParameters = {"kid": str(self.ours.kid)}
        object.__setattr__(self, "other", ECKey.generate_key("P-256", same_name))
        object.__setattr__(self, "rsa", RSAKey.generate_key(2048, same_name))

    @property
    def header(self) -> dict[str, Any]:
        """That of a good token."""
        return {"alg": _ALGORITHM, "typ": _TYPE, "kid": str(self.ours.kid)}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a good token, some of them changed, those that are None left out."""
        claims = claims_of(self.account_id, self.role, self.session_id, "jti", self.now) | changes
        return {name: value for name, value in claims.items() if value is not None}

    def signed(
        self,
        claims: dict[str, Any] | None = None,
        header: dict[str, Any] | None = None,
        key: Any = None,
        algorithm: str = _ALGORITHM,
    ) -> str:
        """A token; a good one where nothing is said."""
        return jwt.encode(
            header or self.header,
            claims if claims is not None else self.claims(),
            key or self.ours,
            algorithms=[algorithm],
            default_type=None,
        )

    def forged(self) -> dict[str, str]:
        """Each forgery by what is wrong with it."""
        return {
            **self._algorithms(),
            **self._headers(),
            **self._claims(),
            **self._malformed(),
        }

    def _algorithms(self) -> dict[str, str]:
        without = self._unsigned
        secret = OctKey.generate_key(256)
        return {
            "no algorithm": without({**self.header, "alg": "none"}),
            "no algorithm in other letters": without({**self.header, "alg": "nOnE"}),
            "no signature": without(self.header),
            "the public key as a secret": self._hmac_with_the_public_key(),
            "a secret of the attacker's": self.signed(None, {**self.header, "alg": "HS256"}, secret, "HS256"),
            "another key of the same name": self.signed(key=self.other),
            "another kind of key": self.signed(None, {**self.header, "alg": "RS256"}, self.rsa, "RS256"),
        }

    def _headers(self) -> dict[str, str]:
        named, signed = self._with_header, self.signed
        return {
            "an unknown key": signed(None, {**self.header, "kid": "k2"}),
            "a path as key id": signed(None, {**self.header, "kid": "../../../../dev/null"}),
            "SQL as key id": signed(None, {**self.header, "kid": "x' UNION SELECT 'k1"}),
            "no key id": signed(None, {"alg": _ALGORITHM, "typ": _TYPE}),
            "a number as key id": named(kid=1),
            "another type": signed(None, {**self.header, "typ": "JWT"}),
            "no type": signed(None, {"alg": _ALGORITHM, "kid": str(self.ours.kid)}),
            "a key in the header": named(jwk=self.other.as_dict(private=False)),
            "an address of keys": named(jku="https://attacker.example/keys"),
            "an address of a certificate": named(x5u="https://attacker.example/cert"),
            "a certificate in the header": named(x5c=["MIIB"]),
            "a critical extension": named(crit=["exp"]),
            "an algorithm list": named(alg=[_ALGORITHM]),
        }

    def _claims(self) -> dict[str, str]:
        now = int(self.now)
        changed: dict[str, dict[str, Any]] = {
            "expired": {"exp": now - 1},
            "expiring now": {"exp": now},
            "not yet valid": {"nbf": now + 60},
            "issued in the future": {"iat": now + 60},
            "no expiry": {"exp": None},
            "an expiry in words": {"exp": "2099-01-01"},
            "an endless expiry": {"exp": True},
            "no start": {"nbf": None},
            "another issuer": {"iss": "https://attacker.example"},
            "no issuer": {"iss": None},
            "another audience": {"aud": "other"},
            "no audience": {"aud": None},
            "a list of audiences": {"aud": ["mootion", "other"]},
            "no account": {"sub": None},
            "no session": {"sid": None},
            "no role": {"role": None},
            "a role of the mesh": {"role": "SERVICE"},
            "a role in small letters": {"role": "admin"},
            "a revoked session": {"sid": self.ended_session_id},
            "oversized": {"more": "x" * 5000},
        }
        found = {name: self.signed(self.claims(**changes)) for name, changes in changed.items()}
        head, _, signature = self.signed().split(".")
        return {"changed claims": f"{head}.{part(self.claims(role='ADMIN'))}.{signature}", **found}

    def _malformed(self) -> dict[str, str]:
        good = self.signed()
        head, claims, signature = good.split(".")
        return {
            "two parts": f"{head}.{claims}",
            "four parts": f"{good}.x",
            "empty": "",
            "dots": "..",
            "no base64": "%%%.%%%.%%%",
            "no JSON": f"{part(b'nope')}.{claims}.x",
            "nested JSON": f"{part(b'[' * 2000)}.{claims}.x",
            "a list as header": f"{part([1])}.{claims}.x",
            "a list as claims": f"{part(self.header)}.{part([1])}.{signature}",
            "a cut signature": good[:-4],
            "null bytes": f"{good}\0",
        }

    def _unsigned(self, header: dict[str, Any]) -> str:
        return f"{part(header)}.{part(self.claims())}."

    def _hmac_with_the_public_key(self) -> str:
        head = f"{part({**self.header, 'alg': 'HS256'})}.{part(self.claims())}"
        return f"{head}.{part(hmac.digest(self.ours.as_pem(private=False), head.encode(), hashlib.sha256))}"

    def _with_header(self, **more: Any) -> str:
        """A header of the attacker's, with the signature of a good token: it is refused before it is looked at."""
        _, claims, signature = self.signed().split(".")
        return f"{part({**self.header, **more})}.{claims}.{signature}"


def part(value: Any) -> str:
    """One part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
