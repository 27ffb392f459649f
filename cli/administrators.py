"""Makes administrators, which nobody can do from outside."""

from mootion.identity.v1 import account_pb2

from mesh.config import Settings
from mesh.errors import CallError
from mesh.runtime import open_runtime
from services.identity.account_store import StoredAccount
from services.identity.desk import Desk
from services.identity.passwords import check_strength


class NotMade(Exception):
    """The account was not made; what was wrong and what to do."""


async def create_admin(settings: Settings, username: str, password: str) -> str:
    """Makes an account with the role ADMIN, or gives that role to the account of this name; tells its id.

    Args:
        password: of a new account; one that is there keeps its own.

    Raises:
        NotMade: the password is too weak.
        ConfigurationError, OSError: the database cannot be opened.
    """
    async with open_runtime(settings, "admin") as runtime:
        desk = Desk.build(runtime)
        try:
            return await _make(desk, username, password)
        except CallError as error:
            raise NotMade(error.message) from None
        finally:
            desk.passwords.close()


async def _make(desk: Desk, username: str, password: str) -> str:
    async with desk.runtime.database.reading() as reader:
        known = await desk.accounts.find_by_name(reader, username)
    account = known or await _new(desk, username, password)
    account = account.with_(role=account_pb2.ADMIN, disabled=False)
    async with desk.runtime.database.transaction() as tx:
        if known is None:
            await desk.accounts.add(tx, account)
        await desk.accounts.save(tx, account)
        await desk.sessions.end(tx, account.account_id)
    return account.account_id


async def _new(desk: Desk, username: str, password: str) -> StoredAccount:
    check_strength(password, username)
    return desk.new_account(username, await desk.passwords.hash(password))
