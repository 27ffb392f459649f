"""The keys that access tokens are signed with: made, rotated, and published."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from joserfc import jwt
from joserfc.jwk import ECKey
from mootion.identity.v1 import account_pb2
from sqlalchemy import func, select

from mesh import access_token
from mesh.ids import Ids
from mesh.ports.sql import Database, Reader, Transaction
from mesh.sealing import Sealer
from services.identity.removal import remove
from services.identity.store import signing_keys

ROTATE_SECONDS = 30 * 86400
# A key outlives the last token it signed, and the time for which key sets are remembered: it is kept so long after the
# next one was made, however old it was then.
KEPT_SECONDS = 3600
READ_AGAIN_SECONDS = 60.0
FIRST_KEY = "first"
# The edge reads the key set once a minute, services when they meet an unknown key.
KNOWN_SECONDS = 120


@dataclass
class SigningKeys:
    """Signs with the newest key that is known everywhere. Another process may have made it, so the rows are read again
    once a minute."""

    database: Database
    sealer: Sealer
    ids: Ids
    _keys: list[tuple[ECKey, int]] = field(default_factory=list)
    _read_at: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def sign(
        self, account_id: str, role: account_pb2.Role.ValueType, session_id: str, now: datetime
    ) -> str:
        """A new access token."""
        key = await self.signing_key(now)
        claims = access_token.claims_of(
            account_id, account_pb2.Role.Name(role), session_id, self.ids.new(), now.timestamp()
        )
        header = {"alg": access_token.ALGORITHM, "typ": access_token.TYPE, "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[access_token.ALGORITHM])

    async def signing_key(self, now: datetime) -> ECKey:
        """The private key that tokens are signed with now."""
        return _signing(await self._current(now), now)

    async def public(self, now: datetime) -> Sequence[dict[str, str]]:
        """The public keys that tokens may be signed with, the newest first."""
        return [
            {**{name: str(value) for name, value in key.as_dict(private=False).items()}}
            for key, _ in await self._current(now)
        ]

    async def rotate(self, now: datetime) -> str:
        """Makes the next key and gives its id."""
        key = _new_key(self.ids.new())
        async with self.database.transaction() as tx:
            await self._add(tx, key, now)
            long_known = signing_keys.c.created_us <= int((now.timestamp() - KEPT_SECONDS) * 1e6)
            latest = (
                await tx.execute(select(func.max(signing_keys.c.created_us)).where(long_known))
            ).scalar()
            if latest is not None:
                await remove(tx, signing_keys, signing_keys.c.created_us < latest)
        self._read_at = float("-inf")
        return str(key.kid)

    async def rotate_if_old(self, now: datetime) -> None:
        """Makes the next key when the newest has signed for 30 days."""
        _, created_us = (await self._current(now))[0]
        if now.timestamp() - created_us / 1e6 > ROTATE_SECONDS:
            await self.rotate(now)

    async def _current(self, now: datetime) -> list[tuple[ECKey, int]]:
        loop = asyncio.get_running_loop()
        if loop.time() - self._read_at > READ_AGAIN_SECONDS:
            async with self._lock:
                if loop.time() - self._read_at > READ_AGAIN_SECONDS:
                    self._keys = await self._read_or_make(now)
                    self._read_at = loop.time()
        return self._keys

    async def _read_or_make(self, now: datetime) -> list[tuple[ECKey, int]]:
        async with self.database.reading() as reader:
            found = await self._read(reader)
        if found:
            return found
        async with self.database.transaction() as tx:
            # Of processes that begin at the same moment one makes it: no token is signed with a key few have heard of.
            await self._add(tx, _new_key(FIRST_KEY), now)
            return await self._read(tx)

    async def _read(self, reader: Reader) -> list[tuple[ECKey, int]]:
        rows = await reader.execute(select(signing_keys).order_by(signing_keys.c.created_us.desc()))
        return [(self._open(row.kid, row.sealed_private), row.created_us) for row in rows]

    async def _add(self, tx: Transaction, key: ECKey, now: datetime) -> None:
        private = json.dumps(key.as_dict(private=True)).encode()
        row = tx.insert(signing_keys).values(
            kid=key.kid,
            sealed_private=self.sealer.seal(private, f"signing_key:{key.kid}"),
            created_us=int(now.timestamp() * 1e6),
        )
        await tx.execute(row.on_conflict_do_nothing(index_elements=["kid"]))

    def _open(self, kid: str, sealed: bytes) -> ECKey:
        return ECKey.import_key(json.loads(self.sealer.open(sealed, f"signing_key:{kid}")))


def _signing(keys: Sequence[tuple[ECKey, int]], now: datetime) -> ECKey:
    """The newest key that everybody had time to read; the oldest where none is old enough."""
    known_us = int((now.timestamp() - KNOWN_SECONDS) * 1e6)
    return next((key for key, created_us in keys if created_us <= known_us), keys[-1][0])


def _new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": access_token.ALGORITHM})
