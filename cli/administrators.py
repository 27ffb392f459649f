"""Makes administrators, which nobody can do from outside."""

from mootion.identity.v1 import account_pb2

from mesh.config import Settings
from mesh.errors import CallError
from mesh.runtime import open_runtime
from services.identity.account_store import StoredAccount, UsernameTaken
from services.identity.desk import Desk
from services.identity.passwords import check_strength


class NotMade(Exception):
    """The account was not made; what was wrong and what to do."""


async def create_admin(settings: Settings, username: str, password: str) -> str:
    """Makes an account with the role ADMIN, or gives that role to the account of this name; tells its id.

    Args:
        password: of the account, also where there is one: anybody may have registered that name.

    Raises:
        NotMade: the password is too weak, or not that of the account.
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
    return await (_new(desk, username, password) if known is None else _promoted(desk, known, password))


async def _new(desk: Desk, username: str, password: str) -> str:
    check_strength(password, username)
    account = desk.new_account(username, await desk.passwords.hash(password)).with_(role=account_pb2.ADMIN)
    try:
        async with desk.runtime.database.transaction() as tx:
            await desk.accounts.add(tx, account)
    except UsernameTaken:
        raise _another_has_it(username) from None
    return account.account_id


async def _promoted(desk: Desk, known: StoredAccount, password: str) -> str:
    if not await desk.passwords.is_right(known.password_hash, password):
        raise _another_has_it(known.username)
    async with desk.runtime.database.transaction() as tx:
        account = await desk.accounts.find(tx, known.account_id)
        if account is None or account.password_hash != known.password_hash:
            raise _another_has_it(known.username)
        await desk.accounts.save(tx, account.with_(role=account_pb2.ADMIN, disabled=False))
        await desk.sessions.end(tx, account.account_id)
    return known.account_id


def _another_has_it(username: str) -> NotMade:
    return NotMade(
        f"There is an account with the name {username!r}, and this is not its password: it may be anybody's. "
        "Give its password, or choose another name."
    )
