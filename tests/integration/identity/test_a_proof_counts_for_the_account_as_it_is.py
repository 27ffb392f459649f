"""What changes while a sign-in or a grave change is under way: the password that was right opens nothing any more."""

import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import argon2
import bcrypt
import grpc
import pyotp
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2, account_service_pb2, admin_service_pb2, identity_service_pb2
from mootion.identity.v1.admin_service_pb2_grpc import AdminServiceStub
from mootion.policy.v1 import policy_pb2
from sqlalchemy import update

from mesh.context import Principal
from mesh.errors import CallError
from mesh.outgoing import Identity
from mesh.testing import running
from services.identity.__main__ import build as build_identity
from services.identity.passwords import Passwords
from services.identity.store import accounts
from tests.integration.identity.conftest import PASSWORD, House, Person

NEW = "another horse battery"
Meanwhile = Callable[[], Awaitable[Any]]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Meanwhile], None]:
    """Has something done once, just after the next password was found to be right."""

    def once(do: Meanwhile) -> None:
        is_right = Passwords.is_right
        left = [do]

        async def then(self: Passwords, kept: str | None, password: str) -> bool:
            right = await is_right(self, kept, password)
            if left:
                await left.pop()()
            return right

        monkeypatch.setattr(Passwords, "is_right", then)

    return once


async def reason_of(call: Awaitable[Any]) -> reason_pb2.Reason.ValueType:
    with pytest.raises(CallError) as refused:
        await call
    return refused.value.reason


async def changed(house: House, person: Person, **values: Any) -> None:
    """Changes the row of an account, as another process would."""
    mine = accounts.c.account_id == person.account_id
    async with house.running.runtime.database.transaction() as tx:
        await tx.execute(update(accounts).where(mine).values(values))


def by_an_admin(house: House, **change: Any) -> Meanwhile:
    admin = Identity(Principal("root", policy_pb2.ACCESS_ROLE_ADMIN), "edge")
    stub = house.running.runtime.channels.stub(AdminServiceStub, "identity", identity=admin)
    return lambda: stub.ChangeAccount(admin_service_pb2.ChangeAccountRequest(**change))


async def test_a_sign_in_that_was_overtaken_by_a_new_password_opens_no_session(
    house: House, meanwhile: Callable[[Meanwhile], None]
) -> None:
    ada = await house.newcomer("ada")
    hashed = argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY).hash(NEW)
    meanwhile(lambda: changed(house, ada, password_hash=hashed))
    assert await reason_of(house.signed_in("ada")) == reason_pb2.REASON_WRONG_CREDENTIALS
    await house.signed_in("ada", NEW)


async def test_a_sign_in_that_was_overtaken_by_an_erasure_opens_no_session(
    house: House, meanwhile: Callable[[Meanwhile], None]
) -> None:
    ada = await house.newcomer("ada")
    erase = account_service_pb2.DeleteAccountRequest(password=PASSWORD)
    meanwhile(lambda: ada.account("DeleteAccount", erase))
    assert await reason_of(house.signed_in("ada")) == reason_pb2.REASON_WRONG_CREDENTIALS


async def test_a_sign_in_that_was_overtaken_by_an_admin_has_the_new_role_or_fails(
    house: House, meanwhile: Callable[[Meanwhile], None]
) -> None:
    ada = await house.newcomer("ada")
    meanwhile(by_an_admin(house, account_id=ada.account_id, role=account_pb2.TEACHER))
    again = await house.signed_in("ada")
    assert (await again.account("ListStudents", account_service_pb2.ListStudentsRequest())) is not None
    meanwhile(by_an_admin(house, account_id=ada.account_id, disabled=True))
    assert await reason_of(house.signed_in("ada")) == reason_pb2.REASON_WRONG_CREDENTIALS


async def test_a_password_that_is_hashed_anew_puts_nothing_back_that_changed_meanwhile(
    house: House, meanwhile: Callable[[Meanwhile], None]
) -> None:
    ada = await house.newcomer("ada")
    old_kind = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    await changed(house, ada, password_hash=old_kind)
    meanwhile(by_an_admin(house, account_id=ada.account_id, disabled=True))
    assert await reason_of(house.signed_in("ada")) == reason_pb2.REASON_WRONG_CREDENTIALS
    assert await reason_of(house.signed_in("ada")) == reason_pb2.REASON_WRONG_CREDENTIALS


async def test_of_two_changes_of_a_password_by_the_same_old_one_only_the_first_counts(
    house: House, meanwhile: Callable[[Meanwhile], None]
) -> None:
    ada = await house.newcomer("ada")
    thief = await house.signed_in("ada")

    def change(password: str) -> account_service_pb2.ChangePasswordRequest:
        return account_service_pb2.ChangePasswordRequest(password=PASSWORD, new_password=password)

    meanwhile(lambda: ada.account("ChangePassword", change(NEW)))
    late = thief.account("ChangePassword", change("the thief's own words"))
    assert await reason_of(late) == reason_pb2.REASON_WRONG_CREDENTIALS
    await house.signed_in("ada", NEW)


async def test_the_log_says_by_which_factors_somebody_signed_in_or_was_refused() -> None:
    log = io.StringIO()
    async with running(build_identity, local_principal=False, log=log, log_level="info") as served:
        channel = grpc.aio.insecure_channel(served.runtime.settings.address("identity"))
        async with channel:
            house = House(served, channel)
            ada = await house.newcomer("ada")
            start = account_service_pb2.StartSecondFactorRequest(password=PASSWORD)
            totp = pyotp.TOTP((await ada.account("StartSecondFactor", start)).secret)
            now = served.runtime.clock.now().timestamp()
            confirm = account_service_pb2.ConfirmSecondFactorRequest(code=totp.at(now - 30))
            codes = (await ada.account("ConfirmSecondFactor", confirm)).recovery_codes
            await house.signed_in("ada", code=totp.at(now))
            await house.signed_in("ada", code=codes[0])
            for password, code in (("wrong", ""), (PASSWORD, "000000")):
                with pytest.raises(CallError):
                    await house.signed_in("ada", password, code)
            with pytest.raises(CallError):
                request = identity_service_pb2.LoginRequest(username="nobody", password=PASSWORD)
                await house.stranger().identity("Login", request)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    signed_in = [line for line in lines if line["event"] == "signed_in"]
    assert [line["factors"] for line in signed_in] == [
        ["password"],
        ["password", "totp"],
        ["password", "recovery_code"],
    ]
    refused = [(line["account"], line["wrong"]) for line in lines if line["event"] == "sign_in_refused"]
    assert refused == [(ada.account_id, "password"), (ada.account_id, "totp"), ("", "password")]
    assert all(line["request_id"] for line in signed_in)
