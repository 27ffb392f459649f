"""What is erased is told to every service twice: at once, and when no token or key can bring anything new any more."""

import asyncio
from typing import Any

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2
from mootion.identity.v1 import account_service_pb2
from mootion.identity.v1.account_service_pb2_grpc import AccountServiceStub
from mootion.policy.v1 import policy_pb2
from sqlalchemy import String, cast, or_, select

from mesh.context import Principal
from mesh.errors import CallError
from mesh.outgoing import Identity
from services.identity import store
from services.identity.erasure import TOLD_AGAIN_SECONDS, tell_again
from tests.integration.identity.conftest import PASSWORD, House, Person


async def everything_of(person: Person, house: House) -> list[str]:
    """Tables of the service with a row that names an account."""
    found = []
    async with house.running.runtime.database.reading() as reader:
        for table in store.metadata.sorted_tables:
            named = or_(*(cast(column, String) == person.account_id for column in table.columns))
            if (await reader.execute(select(table).where(named))).first() is not None:
                found.append(table.name)
    return found


async def told_again(house: House, seconds: float) -> None:
    """Upkeep so long after the erasure."""
    runtime = house.running.runtime
    later_us = int((runtime.clock.now().timestamp() + seconds) * 1e6)
    async with runtime.database.transaction() as tx:
        await tell_again(tx, later_us)


async def test_services_are_told_at_once_and_once_more_when_nobody_can_be_believed_to_be_it(
    house: House,
) -> None:
    told: list[str] = []

    async def follow(event: event_pb2.Event) -> None:
        if event.HasField("account_erased"):
            told.append(event.owner_id)

    listening = asyncio.create_task(house.running.runtime.events.run("listener", follow))
    ada = await house.newcomer("ada")
    key = account_service_pb2.CreateApiKeyRequest(name="a key", scopes=["video:read"])
    await ada.account("CreateApiKey", key)
    await ada.account("DeleteAccount", account_service_pb2.DeleteAccountRequest(password=PASSWORD))

    async def until_told(times: int) -> None:
        async with asyncio.timeout(10):
            while len(told) < times:  # noqa: ASYNC110 - the events port tells
                await asyncio.sleep(0.02)

    await until_told(1)
    await told_again(house, TOLD_AGAIN_SECONDS - 5)
    await asyncio.sleep(0.3)
    assert told == [ada.account_id]
    await told_again(house, TOLD_AGAIN_SECONDS + 5)
    await until_told(2)
    await told_again(house, 2 * TOLD_AGAIN_SECONDS)
    await asyncio.sleep(0.3)
    assert told == [ada.account_id] * 2
    listening.cancel()
    assert await everything_of(ada, house) == []


async def test_replies_that_were_kept_for_repeats_are_forgotten(house: House) -> None:
    ada, bob = await house.newcomer("ada"), await house.newcomer("bob")
    for person in (ada, bob):
        key = account_service_pb2.CreateApiKeyRequest(name="a", scopes=["video:read"], request_id="one")
        await person.account("CreateApiKey", key)
    await ada.account("DeleteAccount", account_service_pb2.DeleteAccountRequest(password=PASSWORD))
    method = "/mootion.identity.v1.AccountService/CreateApiKey"
    replies = house.running.runtime.replies
    assert await replies.recall(ada.account_id, method, "one") is None
    assert await replies.recall(bob.account_id, method, "one") is not None


async def test_a_token_that_is_believed_for_a_moment_more_makes_nothing_of_it(house: House) -> None:
    teacher = await house.newcomer("grace")
    await teacher.account("DeleteAccount", account_service_pb2.DeleteAccountRequest(password=PASSWORD))
    late = Identity(Principal(teacher.account_id, policy_pb2.ACCESS_ROLE_TEACHER), "edge")
    stub: Any = house.running.runtime.channels.stub(AccountServiceStub, "identity", identity=late)
    for call in (
        stub.CreateStudentInvitation(account_service_pb2.CreateStudentInvitationRequest()),
        stub.AcceptInvitation(account_service_pb2.AcceptInvitationRequest(invitation_code="mi_none")),
        stub.CreateApiKey(account_service_pb2.CreateApiKeyRequest(name="k", scopes=["video:read"])),
        stub.UpdateAccount(account_service_pb2.UpdateAccountRequest(display_name="Grace")),
        stub.StartSecondFactor(account_service_pb2.StartSecondFactorRequest(password=PASSWORD)),
    ):
        with pytest.raises(CallError) as refused:
            await call
        assert refused.value.reason == reason_pb2.REASON_NOT_FOUND
    assert await everything_of(teacher, house) == ["identity_one_time_tokens"]


async def test_until_then_its_id_stands_nowhere_else(house: House) -> None:
    ada = await house.newcomer("ada")
    assert len(await everything_of(ada, house)) > 1
    await ada.account("DeleteAccount", account_service_pb2.DeleteAccountRequest(password=PASSWORD))
    assert await everything_of(ada, house) == ["identity_one_time_tokens"]
