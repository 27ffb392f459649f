"""Whatever happens to accounts at the same moment, one waits for the other: PostgreSQL never has to end one of them.

Statements take a while here, at random, so that units of work that begin together are open together.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2, account_service_pb2, admin_service_pb2, identity_service_pb2
from mootion.identity.v1.admin_service_pb2_grpc import AdminServiceStub
from mootion.policy.v1 import policy_pb2
from sqlalchemy import update

from mesh.context import Principal
from mesh.errors import CallError
from mesh.outgoing import Identity
from mesh.ports.sql_postgres import PostgresTransaction
from mesh.testing import running
from services.identity import link_store, one_time, opaque, token_store
from services.identity.__main__ import build
from services.identity.desk import Desk
from services.identity.passwords import Passwords
from services.identity.store import accounts, sessions
from services.identity.upkeep import forget_ended
from tests.integration.identity.conftest import PASSWORD, House, Person

ROUNDS = range(3)
SLOW_SECONDS = 0.05
# What two things at the same moment may meet: each of them is an answer.
ANSWERS = {
    reason_pb2.REASON_NOT_FOUND,
    reason_pb2.REASON_TOKEN_INVALID,
    reason_pb2.REASON_WRONG_CREDENTIALS,
}
DELETE = account_service_pb2.DeleteAccountRequest(password=PASSWORD)


@pytest.fixture
async def house(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """The service on PostgreSQL, where passwords cost nothing."""

    async def is_right(self: Passwords, kept: str | None, password: str) -> bool:
        return kept == password

    async def hashed(self: Passwords, password: str) -> str:
        return password

    monkeypatch.setattr(Passwords, "is_right", is_right)
    monkeypatch.setattr(Passwords, "hash", hashed)
    monkeypatch.setattr(Passwords, "is_outdated", lambda self, kept: False)
    async with (
        running(build, local_principal=False, database_url=postgres_url) as served,
        grpc.aio.insecure_channel(served.runtime.settings.address("identity")) as channel,
    ):
        yield House(served, channel)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[list[Any]]]:
    """Does things at the same moment, slowly, and gives what became of each; what is no answer fails the test."""
    execute, dice = PostgresTransaction.execute, random.Random(7)

    async def slowly(self: PostgresTransaction, statement: Any, parameters: Any = None) -> Any:
        done = await execute(self, statement, parameters)
        await asyncio.sleep(dice.uniform(0, SLOW_SECONDS))
        return done

    async def together(*things: Awaitable[Any]) -> list[Any]:
        with monkeypatch.context() as patch:
            patch.setattr(PostgresTransaction, "execute", slowly)
            ends = await asyncio.gather(*things, return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                assert isinstance(end, CallError) and end.reason in ANSWERS, ends
        return ends

    return together


AtOnce = Callable[..., Awaitable[list[Any]]]


def by_an_admin(house: House, admin_id: str, **change: Any) -> Awaitable[Any]:
    admin = Identity(Principal(admin_id, policy_pb2.ACCESS_ROLE_ADMIN), "edge")
    stub = house.running.runtime.channels.stub(AdminServiceStub, "identity", identity=admin)
    return stub.ChangeAccount(admin_service_pb2.ChangeAccountRequest(**change))


async def become(house: House, person: Person, role: account_pb2.Role.ValueType) -> None:
    mine = accounts.c.account_id == person.account_id
    async with house.running.runtime.database.transaction() as tx:
        await tx.execute(update(accounts).where(mine).values(role=role))


async def invitation_of(house: House, teacher: Person) -> account_service_pb2.AcceptInvitationRequest:
    async with house.running.runtime.database.transaction() as tx:
        code, _ = await one_time.invite(Desk.build(house.running.runtime), tx, teacher.account_id)
    return account_service_pb2.AcceptInvitationRequest(invitation_code=code)


async def token_to_reset(
    house: House, person: Person, ends_in_seconds: int = 600
) -> identity_service_pb2.ResetPasswordRequest:
    token, desk = opaque.new("mp"), Desk.build(house.running.runtime)
    ends_us = desk.now_us() + ends_in_seconds * 1_000_000
    async with house.running.runtime.database.transaction() as tx:
        await token_store.add(tx, one_time.RESET, opaque.kept(token), person.account_id, ends_us)
    return identity_service_pb2.ResetPasswordRequest(reset_token=token, new_password="another horse")


def renewed(person: Person) -> Awaitable[Any]:
    assert person.tokens is not None
    request = identity_service_pb2.RefreshTokensRequest(refresh_token=person.tokens.refresh_token)
    return person.identity("RefreshTokens", request)


@pytest.mark.parametrize("elder", ["teacher", "student"])
async def test_an_invitation_is_accepted_while_its_teacher_is_erased(
    house: House, at_once: AtOnce, elder: str
) -> None:
    for number in ROUNDS:
        first, second = await house.newcomer(f"first{number}"), await house.newcomer(f"second{number}")
        teacher, student = (first, second) if elder == "teacher" else (second, first)
        await become(house, teacher, account_pb2.TEACHER)
        accept = await invitation_of(house, teacher)
        _, erased = await at_once(
            student.account("AcceptInvitation", accept), teacher.account("DeleteAccount", DELETE)
        )
        assert not isinstance(erased, BaseException)
        teachers = await student.account("ListTeachers", account_service_pb2.ListTeachersRequest())
        assert not teachers.teachers


async def test_an_invitation_of_an_administrator_is_accepted_while_they_change_who_accepts(
    house: House, at_once: AtOnce
) -> None:
    for number in ROUNDS:
        student, admin = await house.newcomer(f"ada{number}"), await house.newcomer(f"root{number}")
        await become(house, admin, account_pb2.ADMIN)
        accept = await invitation_of(house, admin)
        ends = await at_once(
            student.account("AcceptInvitation", accept),
            by_an_admin(house, admin.account_id, account_id=student.account_id, role=account_pb2.TEACHER),
        )
        assert not any(isinstance(end, BaseException) for end in ends)


async def test_three_who_taught_each_other_leave(house: House, at_once: AtOnce) -> None:
    for number in ROUNDS:
        three = [await house.newcomer(f"{name}{number}") for name in ("ada", "bob", "eve")]
        async with house.running.runtime.database.transaction() as tx:
            for teacher in three:
                for student in three:
                    if student is not teacher:
                        await link_store.link(tx, teacher.account_id, student.account_id, 1)
        ends = await at_once(*(person.account("DeleteAccount", DELETE) for person in three))
        assert not any(isinstance(end, BaseException) for end in ends)


@pytest.mark.parametrize("change", ["erased", "given another password"])
async def test_a_session_is_renewed_while_its_account_is_changed(
    house: House, at_once: AtOnce, change: str
) -> None:
    new = account_service_pb2.ChangePasswordRequest(password=PASSWORD, new_password="another horse")
    for number in ROUNDS:
        ada = await house.newcomer(f"ada{number}")
        here = await house.signed_in(f"ada{number}")
        request = ("DeleteAccount", DELETE) if change == "erased" else ("ChangePassword", new)
        _, changed = await at_once(renewed(ada), here.account(*request))
        assert not isinstance(changed, BaseException)


async def test_a_password_is_reset_by_two_codes_and_the_account_erased(house: House, at_once: AtOnce) -> None:
    for number in ROUNDS:
        ada, bob = await house.newcomer(f"ada{number}"), await house.newcomer(f"bob{number}")
        resets = [await token_to_reset(house, ada) for _ in range(2)]
        resets.append(await token_to_reset(house, bob))
        *both, bobs, erased = await at_once(
            *(house.stranger().identity("ResetPassword", reset) for reset in resets),
            bob.account("DeleteAccount", DELETE),
        )
        assert sum(isinstance(end, BaseException) for end in both) == 1
        # Whichever came first withdraws what the other stands on.
        assert sum(isinstance(end, BaseException) for end in (bobs, erased)) == 1


async def test_what_has_ended_is_removed_by_two_processes_while_its_owner_changes_it(
    house: House, at_once: AtOnce
) -> None:
    desk = Desk.build(house.running.runtime)
    for number in ROUNDS:
        ada, bob = await house.newcomer(f"ada{number}"), await house.newcomer(f"bob{number}")
        for _ in range(3):
            for person, username in ((ada, f"ada{number}"), (bob, f"bob{number}")):
                await house.signed_in(username)
                await token_to_reset(house, person, ends_in_seconds=-1)
        async with house.running.runtime.database.transaction() as tx:
            await tx.execute(update(sessions).values(ends_us=1))
        reset = await token_to_reset(house, bob)
        ends = await at_once(
            forget_ended(desk),
            ada.account("DeleteAccount", DELETE),
            house.stranger().identity("ResetPassword", reset),
            forget_ended(Desk.build(house.running.runtime)),
        )
        assert not any(isinstance(end, BaseException) for end in ends)
