"""Codes that reset a password: sent to the address of the account, for one use, withdrawn by another password."""

import asyncio
from datetime import timedelta

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_service_pb2, identity_service_pb2
from sqlalchemy import select

from mesh.clock import SystemClock
from mesh.errors import CallError
from services.identity import opaque
from services.identity.mail import Mail
from services.identity.one_time import RESET_SECONDS, RESETS
from services.identity.store import one_time_tokens
from tests.integration.identity.conftest import PASSWORD, House

NEW = "another horse battery"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Addresses and codes, in the order of the mails."""
    found: list[tuple[str, str]] = []

    def send_soon(self: Mail, to: str, subject: str, text: str) -> None:
        found.append((to, next(word for word in text.split() if word.startswith("mp_"))))

    monkeypatch.setattr(Mail, "send_soon", send_soon)
    return found


async def ask(house: House, username: str) -> None:
    request = identity_service_pb2.RequestPasswordResetRequest(username=username)
    await house.stranger().identity("RequestPasswordReset", request)


async def reset(house: House, code: str, password: str = NEW) -> None:
    request = identity_service_pb2.ResetPasswordRequest(reset_token=code, new_password=password)
    await house.stranger().identity("ResetPassword", request)


async def refused(house: House, code: str) -> bool:
    with pytest.raises(CallError) as error:
        await reset(house, code, "the third horse battery")
    return error.value.reason == reason_pb2.REASON_TOKEN_INVALID


async def test_it_opens_the_account_once_and_ends_every_session(
    house: House, sent: list[tuple[str, str]]
) -> None:
    ada = await house.newcomer("ada", "ada@example.org")
    await ask(house, "ada")
    assert [to for to, _ in sent] == ["ada@example.org"]
    await reset(house, sent[0][1])
    await house.signed_in("ada", NEW)
    with pytest.raises(CallError):
        await house.signed_in("ada")
    await asyncio.sleep(2.1)
    with pytest.raises(CallError):
        await ada.account("GetAccount", account_service_pb2.GetAccountRequest())
    assert await refused(house, sent[0][1])


async def test_none_is_sent_for_a_name_without_an_address_or_that_nobody_has(
    house: House, sent: list[tuple[str, str]]
) -> None:
    await house.newcomer("ada")
    for username in ("ada", "nobody"):
        await ask(house, username)
    assert sent == []


async def kept(house: House) -> int:
    async with house.running.runtime.database.reading() as reader:
        return len((await reader.execute(select(one_time_tokens))).all())


async def test_the_same_is_done_for_a_name_that_nobody_has(
    house: House, sent: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.newcomer("ada", "ada@example.org")
    await house.newcomer("bob")
    for number, username in enumerate(("bob", "nobody", "ada")):
        monkeypatch.setattr(opaque, "new", lambda prefix, at=number: f"{prefix}_{at}")
        await ask(house, username)
        assert await kept(house) == number + 1
    # What is kept for those who get no mail opens nothing.
    for number in range(2):
        assert await refused(house, f"mp_{number}")
    await reset(house, sent[0][1])


async def test_a_few_are_sent_while_the_first_is_good_however_many_ask(
    house: House, sent: list[tuple[str, str]]
) -> None:
    await house.newcomer("ada", "ada@example.org")
    await house.newcomer("bob", "bob@example.org")
    for _ in range(RESETS + 3):
        await ask(house, "Ada")
    assert len(sent) == RESETS
    await ask(house, "bob")
    assert sent[-1][0] == "bob@example.org"
    await reset(house, sent[0][1])


async def test_one_of_several_codes_withdraws_the_others(house: House, sent: list[tuple[str, str]]) -> None:
    await house.newcomer("ada", "ada@example.org")
    for _ in range(3):
        await ask(house, "ada")
    await reset(house, sent[1][1])
    assert await refused(house, sent[0][1])
    assert await refused(house, sent[2][1])


async def test_a_new_password_or_address_withdraws_what_was_sent(
    house: House, sent: list[tuple[str, str]]
) -> None:
    ada = await house.newcomer("ada", "ada@example.org")
    await ask(house, "ada")
    moved = account_service_pb2.UpdateAccountRequest(email="ada@example.com", password=PASSWORD)
    await ada.account("UpdateAccount", moved)
    assert await refused(house, sent[0][1])
    await ask(house, "ada")
    change = account_service_pb2.ChangePasswordRequest(password=PASSWORD, new_password=NEW)
    await ada.account("ChangePassword", change)
    assert await refused(house, sent[1][1])
    await house.signed_in("ada", NEW)


async def test_a_code_ends_after_half_an_hour(
    house: House, sent: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.newcomer("ada", "ada@example.org")
    await ask(house, "ada")
    now = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda self: now(self) + timedelta(seconds=RESET_SECONDS + 1))
    assert await refused(house, sent[0][1])
