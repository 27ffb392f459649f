"""Rows of sessions, their refresh tokens and the sessions that were ended."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update

from mesh.ports.sql import Reader, Transaction
from mesh.sealing import Sealer
from services.identity.listing import Place
from services.identity.removal import remove
from services.identity.store import refresh_tokens, revocations, sessions

COMMITTED_WITHIN_US = 60_000_000


@dataclass(frozen=True)
class StoredSession:
    """One sign-in on one device. Times are microseconds since 1970."""

    session_id: str
    account_id: str
    user_agent: str
    address: str
    created_us: int
    refreshed_us: int
    ends_us: int


@dataclass(frozen=True)
class SessionStore:
    """Reads and writes sessions."""

    sealer: Sealer

    async def add(self, tx: Transaction, session: StoredSession, token_hash: str) -> None:
        """Stores a new session with its first refresh token."""
        client = json.dumps([session.user_agent, session.address]).encode()
        await tx.execute(
            insert(sessions).values(
                session_id=session.session_id,
                account_id=session.account_id,
                sealed_client=self.sealer.seal(client, f"session:{session.session_id}"),
                created_us=session.created_us,
                refreshed_us=session.refreshed_us,
                ends_us=session.ends_us,
            )
        )
        await self._add_token(tx, session.session_id, token_hash)

    async def of_token(self, reader: Reader, token_hash: str) -> tuple[StoredSession, bool] | None:
        """The session of a refresh token, and whether the token was used before."""
        joined = select(sessions, refresh_tokens.c.used).join(
            refresh_tokens, refresh_tokens.c.session_id == sessions.c.session_id
        )
        row = (await reader.execute(joined.where(refresh_tokens.c.token_hash == token_hash))).first()
        return None if row is None else (self._session(row), bool(row.used))

    async def rotate(
        self, tx: Transaction, session_id: str, old_hash: str, new_hash: str, now_us: int, ends_us: int
    ) -> bool:
        """Uses up a refresh token and stores the next. False: another call has used it meanwhile."""
        unused = and_(refresh_tokens.c.token_hash == old_hash, refresh_tokens.c.used.is_(False))
        if (await tx.execute(update(refresh_tokens).where(unused).values(used=True))).rowcount != 1:
            return False
        await self._add_token(tx, session_id, new_hash)
        renewed = {"refreshed_us": now_us, "ends_us": ends_us}
        await tx.execute(update(sessions).where(sessions.c.session_id == session_id).values(renewed))
        return True

    async def list(
        self, reader: Reader, account_id: str, after: Place | None, limit: int, *, now_us: int
    ) -> Sequence[StoredSession]:
        """Open sessions of an account, newest first, from behind `after` (creation, id)."""
        statement = select(sessions).where(sessions.c.account_id == account_id, sessions.c.ends_us > now_us)
        if after is not None:
            created_us, session_id = after
            same = and_(sessions.c.created_us == created_us, sessions.c.session_id < session_id)
            statement = statement.where(or_(sessions.c.created_us < created_us, same))
        ordered = statement.order_by(sessions.c.created_us.desc(), sessions.c.session_id.desc())
        return [self._session(row) for row in await reader.execute(ordered.limit(limit))]

    async def end(
        self, tx: Transaction, account_id: str, now_us: int, *, only: str | None = None, all_but: str = ""
    ) -> int:
        """Ends sessions of an account, and publishes that they were; tells how many.

        Args:
            only: the one session to end; None for all of them.
            all_but: a session that stays.
        """
        chosen = and_(sessions.c.account_id == account_id, sessions.c.session_id != all_but)
        if only is not None:
            chosen = and_(chosen, sessions.c.session_id == only)
        ended = await self._remove(tx, chosen)
        if ended:
            await tx.execute(insert(revocations), [{"session_id": one, "time_us": now_us} for one in ended])
        return len(ended)

    async def revoked(self, reader: Reader, after: int, now_us: int, limit: int) -> tuple[Sequence[str], int]:
        """Sessions that were ended, from behind a position on, and the position of the last of them.

        Those of the last minute come again, `limit` at the most: a unit of work that was given its position first may
        have been committed last.
        """
        position = revocations.c.position
        later = select(revocations).where(position > after).order_by(position).limit(limit)
        rows = (await reader.execute(later)).all()
        recent = revocations.c.time_us > now_us - COMMITTED_WITHIN_US
        again = select(revocations.c.session_id).where(position <= after, recent)
        overtaken = (await reader.execute(again.order_by(position.desc()).limit(limit))).scalars().all()
        return [*overtaken, *(row.session_id for row in rows)], rows[-1].position if rows else after

    async def forget(self, tx: Transaction, now_us: int, revoked_before_us: int) -> None:
        """Removes sessions that have run out, and revocations that no living token can meet."""
        await self._remove(tx, sessions.c.ends_us <= now_us)
        await remove(tx, revocations, revocations.c.time_us < revoked_before_us)

    async def _remove(self, tx: Transaction, condition: ColumnElement[bool]) -> Sequence[str]:
        """Removes sessions with their refresh tokens; gives their ids."""
        gone = select(sessions.c.session_id).where(condition)
        locked = (await tx.execute(gone.order_by(sessions.c.session_id))).scalars().all()
        if locked:
            await tx.execute(delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(gone)))
            await tx.execute(delete(sessions).where(condition))
        return locked

    async def _add_token(self, tx: Transaction, session_id: str, token_hash: str) -> None:
        row = {"token_hash": token_hash, "session_id": session_id, "used": False}
        await tx.execute(insert(refresh_tokens).values(row))

    def _session(self, row: Row[Any]) -> StoredSession:
        client = json.loads(self.sealer.open(row.sealed_client, f"session:{row.session_id}"))
        return StoredSession(
            session_id=row.session_id,
            account_id=row.account_id,
            user_agent=client[0],
            address=client[1],
            created_us=row.created_us,
            refreshed_us=row.refreshed_us,
            ends_us=row.ends_us,
        )


def place_of(session: StoredSession) -> Place:
    """Where it stands in lists of sessions."""
    return session.created_us, session.session_id
