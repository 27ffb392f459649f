"""Believes tokens and keys by what the identity service says: its public keys, its revocations, its API keys."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
import structlog
from joserfc.jwk import ECKey
from mootion.identity.v1 import account_pb2, key_service_pb2
from mootion.identity.v1.key_service_pb2_grpc import KeyServiceStub
from mootion.policy.v1 import policy_pb2

from mesh.access_token import Claims, TokenRefused, TokenVerifier
from mesh.callers import KeyHolder
from mesh.client import Channels
from mesh.context import Principal
from mesh.errors import CallError
from mesh.outgoing import Identity
from mesh.revocations import Revocations

if TYPE_CHECKING:
    # Known to the stubs alone.
    from mootion.identity.v1.key_service_pb2_grpc import KeyServiceAsyncStub

KEYS_GOOD_FOR_SECONDS = 300.0
# A token of an unknown key makes us ask again, so often at the most.
ASK_AGAIN_SECONDS = 2.0
MOST_API_KEYS = 10_000
_ROLES = {
    account_pb2.STUDENT: policy_pb2.ACCESS_ROLE_STUDENT,
    account_pb2.TEACHER: policy_pb2.ACCESS_ROLE_TEACHER,
    account_pb2.ADMIN: policy_pb2.ACCESS_ROLE_ADMIN,
}

log = structlog.get_logger(__name__)


class IdentityAuthority:
    """Asks the identity service, as seldom as it can, and goes on with what it knows while that does not answer.

    Args:
        service: as which workload to ask.
        now: seconds since 1970.
    """

    def __init__(self, channels: Channels, service: str, now: Callable[[], float] = time.time) -> None:
        self._stub: KeyServiceAsyncStub = channels.stub(
            KeyServiceStub, "identity", identity=Identity(None, service)
        )
        self._now = now
        self._keys = _PublicKeys(self._stub)
        self._revocations = Revocations(self._stub)
        self._verifier = TokenVerifier(self._keys, self._revocations.has, now)
        self._api_keys: OrderedDict[str, tuple[KeyHolder, float]] = OrderedDict()

    async def token(self, token: str) -> Claims:
        """See `Authority.token`."""
        return await self._verifier.verify(token)

    async def api_key(self, key: str) -> KeyHolder:
        """See `Authority.api_key`. An answer is believed for as long as it says."""
        known = self._api_keys.get(key)
        if known is not None and known[1] > self._now():
            return known[0]
        try:
            answer = await self._stub.CheckApiKey(key_service_pb2.CheckApiKeyRequest(key=key))
        except CallError as error:
            if error.code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.INVALID_ARGUMENT):
                raise TokenRefused("the key is none of ours, was deleted, or has ended") from None
            raise
        holder = KeyHolder(Principal(answer.account_id, _ROLES[answer.role]), frozenset(answer.scopes))
        self._api_keys[key] = (holder, answer.expire_time.ToMicroseconds() / 1e6)
        while len(self._api_keys) > MOST_API_KEYS:
            self._api_keys.popitem(last=False)
        return holder


@dataclass
class _PublicKeys:
    stub: "KeyServiceAsyncStub"
    _known: dict[str, ECKey] = field(default_factory=dict)
    _asked_at: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, kid: str) -> ECKey | None:
        """The key of that id; asks again for an unknown one, and when what is known is old."""
        age = time.monotonic() - self._asked_at
        if age > KEYS_GOOD_FOR_SECONDS or (kid not in self._known and age > ASK_AGAIN_SECONDS):
            await self._ask(kid)
        return self._known.get(kid)

    async def _ask(self, kid: str) -> None:
        async with self._lock:
            age = time.monotonic() - self._asked_at
            if age <= ASK_AGAIN_SECONDS:
                return
            try:
                answer = await self.stub.GetKeySet(key_service_pb2.GetKeySetRequest())
            except CallError:
                if kid in self._known:
                    log.warning("key_set_not_renewed", exc_info=True)
                    return
                raise
            self._known = {key.kid: _public_key(key) for key in answer.keys}
            self._asked_at = time.monotonic()


def _public_key(key: key_service_pb2.JsonWebKey) -> ECKey:
    return ECKey.import_key({"kty": key.kty, "crv": key.crv, "x": key.x, "y": key.y, "kid": key.kid})
