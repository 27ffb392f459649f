"""Access tokens (RFC 9068 with ES256): what they say, and the one place that decides whether one is believed."""

import base64
import binascii
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from mootion.policy.v1 import policy_pb2

ISSUER = "mootion"
AUDIENCE = "mootion"
TYPE = "at+jwt"
ALGORITHM = "ES256"
LIFETIME_SECONDS = 600
LEEWAY_SECONDS = 5
MOST_BYTES = 4096
REMEMBERED = 10_000
_HEADER = frozenset({"alg", "typ", "kid"})
_ROLES = {
    "STUDENT": policy_pb2.ACCESS_ROLE_STUDENT,
    "TEACHER": policy_pb2.ACCESS_ROLE_TEACHER,
    "ADMIN": policy_pb2.ACCESS_ROLE_ADMIN,
}


class TokenRefused(Exception):
    """The token is not believed. The text says why and holds no part of the token."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says: account, role, session, and when it ends in seconds since 1970."""

    account_id: str
    role: policy_pb2.AccessRole.ValueType
    session_id: str
    ends: float


class Keys(Protocol):
    """The public keys of the identity service."""

    async def find(self, kid: str) -> ECKey | None:
        """The key of that id, or None where there is none."""
        ...


class TokenVerifier:
    """Verifies access tokens and remembers good ones by their SHA-256 until they end.

    Args:
        keys: by key id. A header that brings its own key, or says where to fetch one, is refused unread.
        is_revoked: whether a session was ended.
        now: seconds since 1970.
    """

    def __init__(
        self, keys: Keys, is_revoked: Callable[[str], Awaitable[bool]], now: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._is_revoked = is_revoked
        self._now = now
        self._good: OrderedDict[bytes, Claims] = OrderedDict()

    async def verify(self, token: str) -> Claims:
        """What the token says.

        Raises:
            TokenRefused: it is no token of ours, not good yet or any more, or its session was ended.
            CallError: the identity service had to be asked and did not answer.
        """
        fingerprint = hashlib.sha256(token.encode()).digest()
        claims = self._good.get(fingerprint)
        if claims is None:
            claims = await self._read(token)
            self._remember(fingerprint, claims)
        if claims.ends <= self._now():
            self._good.pop(fingerprint, None)
            raise TokenRefused("it has ended")
        if await self._is_revoked(claims.session_id):
            raise TokenRefused("its session was ended")
        return claims

    async def _read(self, token: str) -> Claims:
        if len(token) > MOST_BYTES:
            raise TokenRefused(f"it is longer than {MOST_BYTES} bytes")
        key = await self._keys.find(_kid_of(token))
        if key is None:
            raise TokenRefused("none of the keys made it")
        try:
            read = jwt.decode(token, key, algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            raise TokenRefused("its signature is wrong") from None
        return _checked(read.claims, self._now())

    def _remember(self, fingerprint: bytes, claims: Claims) -> None:
        self._good[fingerprint] = claims
        while len(self._good) > REMEMBERED:
            self._good.popitem(last=False)


def claims_of(account_id: str, role: str, session_id: str, token_id: str, now: float) -> dict[str, Any]:
    """The claims of a new token."""
    moment = int(now)
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": account_id,
        "role": role,
        "sid": session_id,
        "jti": token_id,
        "iat": moment,
        "nbf": moment,
        "exp": moment + LIFETIME_SECONDS,
    }


def _kid_of(token: str) -> str:
    """The key id of the header, which must hold nothing but algorithm, type and key id."""
    head = token.partition(".")[0]
    if token.count(".") != 2:
        raise TokenRefused("it does not have three parts")
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise TokenRefused("its header is no JSON") from None
    if not isinstance(header, dict) or not header.keys() <= _HEADER:
        raise TokenRefused("its header says more than algorithm, type and key id")
    if header.get("alg") != ALGORITHM or header.get("typ") != TYPE:
        raise TokenRefused(f"it is no {TYPE} with {ALGORITHM}")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("it names no key")
    return kid


def _checked(claims: Mapping[str, Any], now: float) -> Claims:
    if claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
        raise TokenRefused("it is of another issuer or for another audience")
    issued, starts, ends = (_moment(claims, name) for name in ("iat", "nbf", "exp"))
    if max(issued, starts) > now + LEEWAY_SECONDS:
        raise TokenRefused("it is not good yet")
    if ends <= now:
        raise TokenRefused("it has ended")
    account_id, session_id = claims.get("sub"), claims.get("sid")
    role = _ROLES.get(str(claims.get("role")))
    if not (isinstance(account_id, str) and account_id and isinstance(session_id, str) and session_id):
        raise TokenRefused("it names no account or no session")
    if role is None:
        raise TokenRefused("it names no role")
    return Claims(account_id, role, session_id, ends)


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(f"it has no {name}")
    return float(value)
