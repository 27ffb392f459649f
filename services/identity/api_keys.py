"""Keys for programs of partners."""

from collections.abc import Sequence
from typing import Any

import structlog
from google.protobuf.timestamp_pb2 import Timestamp
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2, account_service_pb2, key_service_pb2
from sqlalchemy import Row

from mesh import policy
from mesh.errors import refused
from mesh.ports.sql import Transaction
from services.identity import opaque, token_store
from services.identity.desk import Desk
from services.identity.sessions import token_invalid

PREFIX = "mk"
SHOWN = 10
DEFAULT_DAYS = 90
BELIEVED_SECONDS = 60
DAY_US = 86_400_000_000

log = structlog.get_logger(__name__)


async def create(
    desk: Desk, tx: Transaction, account_id: str, request: account_service_pb2.CreateApiKeyRequest
) -> account_service_pb2.CreateApiKeyResponse:
    """Makes a key of an account.

    Raises:
        CallError: UNKNOWN_SCOPE.
    """
    unknown = sorted(set(request.scopes) - policy.scopes())
    if unknown:
        raise refused(
            reason_pb2.REASON_UNKNOWN_SCOPE,
            f"There is no scope {unknown[0]!r}. There are: {', '.join(sorted(policy.scopes()))}.",
        )
    key, now_us = opaque.new(PREFIX), desk.now_us()
    values = {
        "api_key_id": desk.runtime.ids.new(),
        "account_id": account_id,
        "key_hash": opaque.kept(key),
        "name": request.name,
        "prefix": key[:SHOWN],
        "scopes": sorted(set(request.scopes)),
        "created_us": now_us,
        "ends_us": now_us + (request.expire_days or DEFAULT_DAYS) * DAY_US,
        "used_us": 0,
    }
    await token_store.add_api_key(tx, values)
    return account_service_pb2.CreateApiKeyResponse(api_key=_message(values), key=key)


def described(rows: Sequence[Row[Any]]) -> list[account_pb2.ApiKey]:
    """Keys as their owner sees them."""
    return [_message(dict(row._mapping)) for row in rows]


async def check(desk: Desk, key: str) -> key_service_pb2.CheckApiKeyResponse:
    """Whom a key stands for.

    Raises:
        CallError: TOKEN_INVALID.
    """
    now_us = desk.now_us()
    async with desk.runtime.database.reading() as reader:
        row = await token_store.find_api_key(reader, opaque.kept(key), now_us)
        account = await desk.accounts.find(reader, row.account_id) if row is not None else None
    if row is None or account is None or account.disabled:
        raise token_invalid("The key is none of ours, was deleted, or has ended.")
    log.info("api_key_used", account=account.account_id, api_key_id=row.api_key_id)
    if now_us - row.used_us > 60_000_000:
        async with desk.runtime.database.transaction() as tx:
            await token_store.note_use(tx, row.api_key_id, now_us)
    believed = Timestamp()
    believed.FromMicroseconds(min(row.ends_us, now_us + BELIEVED_SECONDS * 1_000_000))
    return key_service_pb2.CheckApiKeyResponse(
        account_id=account.account_id, role=account.role, scopes=row.scopes, expire_time=believed
    )


def _message(values: dict[str, Any]) -> account_pb2.ApiKey:
    message = account_pb2.ApiKey(
        api_key_id=values["api_key_id"], name=values["name"], prefix=values["prefix"], scopes=values["scopes"]
    )
    message.create_time.FromMicroseconds(values["created_us"])
    message.expire_time.FromMicroseconds(values["ends_us"])
    if values["used_us"]:
        message.last_use_time.FromMicroseconds(values["used_us"] // 60_000_000 * 60_000_000)
    return message
