"""Sessions: opened by a sign-in, renewed by refresh tokens that are used once, ended by anybody who may."""

from dataclasses import dataclass
from datetime import datetime

import grpc
import structlog
from google.protobuf.timestamp_pb2 import Timestamp
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2

from mesh import context
from mesh.access_token import LIFETIME_SECONDS
from mesh.errors import CallError
from mesh.ports.sql import Transaction
from mesh.runtime import Runtime
from services.identity import opaque
from services.identity.account_store import AccountStore, StoredAccount
from services.identity.session_store import SessionStore, StoredSession
from services.identity.signing import SigningKeys

REFRESH_SECONDS = 30 * 86400
# However often it is renewed, a session ends so long after the sign-in.
LONGEST_SECONDS = 180 * 86400
USER_AGENT_MOST = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sessions:
    """Gives out tokens and takes them back."""

    runtime: Runtime
    accounts: AccountStore
    store: SessionStore
    keys: SigningKeys

    async def open(self, tx: Transaction, account: StoredAccount) -> account_pb2.Tokens:
        """Opens a session for an account in the caller's unit of work."""
        now, client = self.runtime.clock.now(), context.client()
        refresh = opaque.new("mr")
        ends_us = _us(now) + REFRESH_SECONDS * 1_000_000
        session = StoredSession(
            session_id=self.runtime.ids.new(),
            account_id=account.account_id,
            user_agent=client.user_agent[:USER_AGENT_MOST],
            address=client.address,
            created_us=_us(now),
            refreshed_us=_us(now),
            ends_us=ends_us,
        )
        await self.store.add(tx, session, opaque.kept(refresh))
        return await self._tokens(account, session.session_id, refresh, now, ends_us)

    async def renew(self, refresh: str) -> tuple[str, account_pb2.Tokens]:
        """The id of the account and the next tokens, for a refresh token.

        One that was used before ends its session: somebody has a copy.

        Raises:
            CallError: TOKEN_INVALID.
        """
        now, owner = self.runtime.clock.now(), await self._owner_of(refresh)
        async with self.runtime.database.transaction() as tx:
            account = await self.accounts.find(tx, owner) if owner else None
            found = await self.store.of_token(tx, opaque.kept(refresh))
            if found is None or found[0].ends_us <= _us(now):
                raise token_invalid("It is none of ours, or its session has ended.")
            session, used = found
            if used or account is None or account.disabled:
                await self.store.end(tx, session.account_id, _us(now), only=session.session_id)
                renewed = None
            else:
                renewed = await self._rotate(tx, account, session, refresh, now)
        if renewed is None:
            log.warning("refresh_token_refused", session_id=session.session_id, used_before=used)
            raise token_invalid("It was used before, so its session was ended.")
        return session.account_id, renewed

    async def end(
        self, tx: Transaction, account_id: str, *, only: str | None = None, all_but: str = ""
    ) -> int:
        """Ends sessions; see `SessionStore.end`."""
        return await self.store.end(tx, account_id, _us(self.runtime.clock.now()), only=only, all_but=all_but)

    async def _owner_of(self, refresh: str) -> str | None:
        """Read first, since the account is locked before its sessions."""
        async with self.runtime.database.reading() as reader:
            found = await self.store.of_token(reader, opaque.kept(refresh))
        return None if found is None else found[0].account_id

    async def _rotate(
        self, tx: Transaction, account: StoredAccount, session: StoredSession, refresh: str, now: datetime
    ) -> account_pb2.Tokens | None:
        following = opaque.new("mr")
        ends_us = min(
            _us(now) + REFRESH_SECONDS * 1_000_000, session.created_us + LONGEST_SECONDS * 1_000_000
        )
        old, new = opaque.kept(refresh), opaque.kept(following)
        if not await self.store.rotate(tx, session.session_id, old, new, _us(now), ends_us):
            await self.store.end(tx, session.account_id, _us(now), only=session.session_id)
            return None
        return await self._tokens(account, session.session_id, following, now, ends_us)

    async def _tokens(
        self, account: StoredAccount, session_id: str, refresh: str, now: datetime, ends_us: int
    ) -> account_pb2.Tokens:
        access = await self.keys.sign(account.account_id, account.role, session_id, now)
        tokens = account_pb2.Tokens(access_token=access, refresh_token=refresh)
        tokens.access_expire_time.CopyFrom(_later(now, LIFETIME_SECONDS))
        tokens.refresh_expire_time.FromMicroseconds(ends_us)
        return tokens


def token_invalid(why: str) -> CallError:
    """The token is not good; whoever holds it has to sign in again."""
    return CallError(
        grpc.StatusCode.UNAUTHENTICATED,
        reason_pb2.REASON_TOKEN_INVALID,
        f"The token is not good. {why} Sign in again.",
    )


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1e6)


def _later(moment: datetime, seconds: float) -> Timestamp:
    later = Timestamp()
    later.FromMicroseconds(_us(moment) + int(seconds * 1e6))
    return later
