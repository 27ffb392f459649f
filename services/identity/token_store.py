"""Rows of tokens for one use and of API keys."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, delete, insert, or_, select, update

from mesh.ports.sql import Reader, Transaction
from services.identity.listing import Place
from services.identity.removal import remove
from services.identity.store import api_keys, one_time_tokens


async def add(
    tx: Transaction,
    purpose: str,
    token_hash: str,
    account_id: str,
    ends_us: int,
    sealed_body: bytes | None = None,
) -> None:
    """Stores a token."""
    values = {"token_hash": token_hash, "purpose": purpose, "account_id": account_id, "ends_us": ends_us}
    await tx.execute(insert(one_time_tokens).values(values | {"sealed_body": sealed_body}))


async def find(reader: Reader, purpose: str, token_hash: str, now_us: int) -> str | None:
    """Account of a token that has not ended."""
    row = (await reader.execute(select(one_time_tokens).where(_living(purpose, token_hash, now_us)))).first()
    return None if row is None else str(row.account_id)


async def use(tx: Transaction, purpose: str, token_hash: str, now_us: int) -> tuple[str, bytes | None] | None:
    """Uses up a token: its account and body. None: there is none such, or it was used or has ended."""
    gone = delete(one_time_tokens).where(_living(purpose, token_hash, now_us)).returning(one_time_tokens)
    row = (await tx.execute(gone)).first()
    return None if row is None else (row.account_id, row.sealed_body)


async def withdraw(tx: Transaction, purpose: str, account_id: str) -> None:
    """Removes the tokens of an account."""
    mine = and_(one_time_tokens.c.purpose == purpose, one_time_tokens.c.account_id == account_id)
    await remove(tx, one_time_tokens, mine)


async def use_ended(tx: Transaction, purpose: str, now_us: int) -> Sequence[str]:
    """Uses up what has ended; gives the accounts."""
    ended = and_(one_time_tokens.c.purpose == purpose, one_time_tokens.c.ends_us <= now_us)
    return [row.account_id for row in await remove(tx, one_time_tokens, ended)]


async def forget_tokens(tx: Transaction, now_us: int) -> None:
    """Removes tokens that have ended."""
    await remove(tx, one_time_tokens, one_time_tokens.c.ends_us <= now_us)


async def forget_api_keys(tx: Transaction, now_us: int) -> None:
    """Removes keys that have ended."""
    await remove(tx, api_keys, api_keys.c.ends_us <= now_us)


async def add_api_key(tx: Transaction, values: dict[str, Any]) -> None:
    """Stores a key; `values` are the columns."""
    await tx.execute(insert(api_keys).values(values))


async def list_api_keys(
    reader: Reader, account_id: str, after: Place | None, limit: int
) -> Sequence[Row[Any]]:
    """Rows of an account's keys, newest first, from behind `after` (creation, id)."""
    statement = select(api_keys).where(api_keys.c.account_id == account_id)
    if after is not None:
        created_us, api_key_id = after
        same = and_(api_keys.c.created_us == created_us, api_keys.c.api_key_id < api_key_id)
        statement = statement.where(or_(api_keys.c.created_us < created_us, same))
    ordered = statement.order_by(api_keys.c.created_us.desc(), api_keys.c.api_key_id.desc())
    return (await reader.execute(ordered.limit(limit))).all()


def place_of_key(row: Row[Any]) -> Place:
    """Where it stands in lists of keys."""
    return row.created_us, row.api_key_id


async def find_api_key(reader: Reader, key_hash: str, now_us: int) -> Row[Any] | None:
    """The row of a key that has not ended."""
    living = and_(api_keys.c.key_hash == key_hash, api_keys.c.ends_us > now_us)
    return (await reader.execute(select(api_keys).where(living))).first()


async def note_use(tx: Transaction, api_key_id: str, now_us: int) -> None:
    """Notes when a key was last used."""
    await tx.execute(update(api_keys).where(api_keys.c.api_key_id == api_key_id).values(used_us=now_us))


async def remove_api_key(tx: Transaction, account_id: str, api_key_id: str) -> bool:
    """Removes a key of an account. False: there is none such."""
    mine = and_(api_keys.c.api_key_id == api_key_id, api_keys.c.account_id == account_id)
    return (await tx.execute(delete(api_keys).where(mine))).rowcount == 1


def _living(purpose: str, token_hash: str, now_us: int) -> Any:
    return and_(
        one_time_tokens.c.token_hash == token_hash,
        one_time_tokens.c.purpose == purpose,
        one_time_tokens.c.ends_us > now_us,
    )
