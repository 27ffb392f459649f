"""What has ended is removed."""

from mesh.access_token import LIFETIME_SECONDS
from services.identity import token_store
from services.identity.desk import Desk
from services.identity.erasure import tell_again


async def forget_ended(desk: Desk) -> None:
    """Removes sessions, tokens and keys that have ended, each in a unit of work of its own; `store` says why."""
    database, now_us = desk.runtime.database, desk.now_us()
    async with database.transaction() as tx:
        await desk.sessions.store.forget(tx, now_us, now_us - 2 * LIFETIME_SECONDS * 1_000_000)
    async with database.transaction() as tx:
        erased = await tell_again(tx, now_us)
        await token_store.forget_tokens(tx, now_us)
    async with database.transaction() as tx:
        await token_store.forget_api_keys(tx, now_us)
    for account_id in erased:
        await desk.runtime.replies.forget(account_id)
