"""`mootion admin create`: who gives a name that somebody else has registered makes nobody an administrator."""

from pathlib import Path

import pytest
from mootion.identity.v1 import account_pb2

from cli.administrators import NotMade, create_admin
from mesh.config import Settings
from mesh.runtime import open_runtime
from services.identity.account_store import StoredAccount
from services.identity.desk import Desk
from tests.integration.identity.conftest import PASSWORD

THEIRS = "a stranger's own words"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


async def registered(settings: Settings, username: str, password: str | None, **facts: bool) -> str:
    async with open_runtime(settings, "test") as runtime:
        desk = Desk.build(runtime)
        hashed = await desk.passwords.hash(password) if password is not None else None
        account = desk.new_account(username, hashed).with_(**facts)
        async with runtime.database.transaction() as tx:
            await desk.accounts.add(tx, account)
    return account.account_id


async def found(settings: Settings, account_id: str) -> StoredAccount:
    async with open_runtime(settings, "test") as runtime:
        desk = Desk.build(runtime)
        async with runtime.database.reading() as reader:
            return await desk.account(reader, account_id)


async def test_it_is_made_with_the_password_that_was_given(settings: Settings) -> None:
    account = await found(settings, await create_admin(settings, "grace", PASSWORD))
    assert (account.username, account.role) == ("grace", account_pb2.ADMIN)
    assert await create_admin(settings, "grace", PASSWORD) == account.account_id


@pytest.mark.parametrize("password", [THEIRS, None])
async def test_a_name_that_somebody_has_registered_is_not_theirs_to_be_made(
    settings: Settings, password: str | None
) -> None:
    stranger = await registered(settings, "grace", password)
    with pytest.raises(NotMade, match="another name"):
        await create_admin(settings, "Grace", PASSWORD)
    assert (await found(settings, stranger)).role == account_pb2.STUDENT


async def test_an_account_is_made_one_by_its_own_password_and_may_sign_in_again(settings: Settings) -> None:
    mine = await registered(settings, "grace", PASSWORD, disabled=True)
    assert await create_admin(settings, "grace", PASSWORD) == mine
    account = await found(settings, mine)
    assert (account.role, account.disabled) == (account_pb2.ADMIN, False)
