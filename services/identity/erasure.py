"""Removes accounts, here and by telling every other service."""

from collections.abc import Sequence

from mootion.event.v1 import event_pb2

from mesh.access_token import LIFETIME_SECONDS
from mesh.ports.sql import Transaction
from services.identity import opaque, token_store
from services.identity.desk import Desk

ERASED = "erased"
# Longer than any token or key of the account can still be believed, where the identity service did not answer too.
TOLD_AGAIN_SECONDS = LIFETIME_SECONDS + 60


async def erase(desk: Desk, tx: Transaction, account_id: str) -> None:
    """Removes an account, ends its sessions, and tells every service to remove what it owns.

    A call that was under way, or by a key that another process believes for a minute, may make something after that: so
    they are told again, see `tell_again`.
    """
    await desk.sessions.end(tx, account_id)
    await desk.accounts.remove(tx, account_id)
    again_us = desk.now_us() + TOLD_AGAIN_SECONDS * 1_000_000
    await token_store.add(tx, ERASED, opaque.kept(account_id), account_id, again_us)
    _tell(tx, account_id)


async def tell_again(tx: Transaction, now_us: int) -> Sequence[str]:
    """Tells every service once more of accounts that were erased, when nobody can be believed to be theirs any more.

    Gives their ids.
    """
    erased = await token_store.use_ended(tx, ERASED, now_us)
    for account_id in erased:
        _tell(tx, account_id)
    return erased


def _tell(tx: Transaction, account_id: str) -> None:
    tx.publish(event_pb2.Event(owner_id=account_id, account_erased=event_pb2.AccountErased()))
