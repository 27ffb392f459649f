"""There is always somebody who may change everything."""

from collections.abc import Sequence

from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2

from mesh.errors import not_found, precondition
from mesh.ports.sql import Transaction
from services.identity.account_store import StoredAccount
from services.identity.desk import Desk


async def held_with_admins(
    desk: Desk, tx: Transaction, account_id: str
) -> tuple[StoredAccount, Sequence[str]]:
    """An account, and the ids of the administrators who may sign in, all of whom stay as they are until the unit of
    work ends.

    Raises:
        CallError: NOT_FOUND.
    """
    held = await desk.accounts.hold(tx, account_id, and_admins=True)
    if account_id not in held:
        raise not_found("account", account_id)
    return held[account_id], [one.account_id for one in held.values() if _is_admin(one)]


def keep_one(admins: Sequence[str], without: str) -> None:
    """Refuses what would leave no administrator.

    Args:
        admins: their ids.
        without: the account that will be none any more.

    Raises:
        CallError: LAST_ADMIN.
    """
    if list(admins) == [without]:
        raise precondition(
            reason_pb2.REASON_LAST_ADMIN, "No administrator would be left. Make another one first."
        )


def _is_admin(account: StoredAccount) -> bool:
    return account.role == account_pb2.ADMIN and not account.disabled
