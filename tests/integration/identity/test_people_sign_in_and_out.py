import asyncio
import hashlib

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2, account_service_pb2, identity_service_pb2
from sqlalchemy import select

from mesh.errors import CallError
from mesh.ports.tables import replies
from tests.integration.identity.conftest import PASSWORD, House, Person


async def whoami(person: Person) -> account_pb2.Account:
    reply = await person.account("GetAccount", account_service_pb2.GetAccountRequest())
    account: account_pb2.Account = reply.account
    return account


async def refused_within(person: Person, seconds: float) -> CallError:
    """The refusal that a revoked session meets, which may take a second to get about."""
    give_up = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            await whoami(person)
        except CallError as error:
            return error
        assert asyncio.get_running_loop().time() < give_up, "the session goes on"
        await asyncio.sleep(0.1)


async def test_a_newcomer_is_a_student_who_is_signed_in(house: House) -> None:
    ada = await house.newcomer("Ada", email="ada@example.org")
    account = await whoami(ada)
    assert (account.username, account.email, account.role) == ("Ada", "ada@example.org", account_pb2.STUDENT)
    assert account.account_id == ada.account_id


async def test_a_name_is_taken_whatever_its_case(house: House) -> None:
    await house.newcomer("Ada")
    with pytest.raises(CallError) as refused:
        await house.newcomer("aDA")
    assert refused.value.reason == reason_pb2.REASON_USERNAME_TAKEN


@pytest.mark.parametrize("password", ["short", "password1", "aaaaaaaaaaaa", "adalovelace"])
async def test_weak_passwords_are_refused(house: House, password: str) -> None:
    request = identity_service_pb2.RegisterRequest(username="adalovelace", password=password)
    with pytest.raises(CallError) as refused:
        await house.stranger().identity("Register", request)
    assert refused.value.reason == reason_pb2.REASON_WEAK_PASSWORD


async def test_a_wrong_name_and_a_wrong_password_look_the_same(house: House) -> None:
    await house.newcomer("ada")
    refusals = []
    for username, password in (("ada", "wrong password"), ("nobody", PASSWORD)):
        with pytest.raises(CallError) as refused:
            await house.signed_in(username, password)
        refusals.append((refused.value.reason, refused.value.message))
    assert refusals[0] == refusals[1]
    assert refusals[0][0] == reason_pb2.REASON_WRONG_CREDENTIALS


async def test_a_refresh_token_is_good_once_and_a_second_use_ends_the_session(house: House) -> None:
    ada = await house.newcomer("ada")
    assert ada.tokens is not None
    first = ada.tokens.refresh_token
    request = identity_service_pb2.RefreshTokensRequest(refresh_token=first)
    renewed = (await house.stranger().identity("RefreshTokens", request)).tokens
    assert renewed.refresh_token != first
    later = Person(house.channel, ada.account_id, renewed)
    assert (await whoami(later)).account_id == ada.account_id
    with pytest.raises(CallError) as refused:
        await house.stranger().identity("RefreshTokens", request)
    assert refused.value.reason == reason_pb2.REASON_TOKEN_INVALID
    assert (await refused_within(later, 5)).reason == reason_pb2.REASON_TOKEN_INVALID
    with pytest.raises(CallError):
        await house.stranger().identity(
            "RefreshTokens", identity_service_pb2.RefreshTokensRequest(refresh_token=renewed.refresh_token)
        )


async def test_two_uses_of_a_refresh_token_at_once_give_no_two_sessions(house: House) -> None:
    ada = await house.newcomer("ada")
    assert ada.tokens is not None
    request = identity_service_pb2.RefreshTokensRequest(refresh_token=ada.tokens.refresh_token)
    ended = await asyncio.gather(
        *(house.stranger().identity("RefreshTokens", request) for _ in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(each, BaseException) for each in ended) <= 1


async def test_after_logout_the_token_is_refused(house: House) -> None:
    ada, other = await house.newcomer("ada"), await house.signed_in("ada")
    await whoami(ada)
    await ada.identity("Logout", identity_service_pb2.LogoutRequest())
    assert (await refused_within(ada, 5)).reason == reason_pb2.REASON_TOKEN_INVALID
    assert (await whoami(other)).username == "ada"


async def test_a_new_password_ends_the_other_sessions(house: House) -> None:
    ada, other = await house.newcomer("ada"), await house.signed_in("ada")
    request = account_service_pb2.ChangePasswordRequest(password=PASSWORD, new_password="another good one")
    await ada.account("ChangePassword", request)
    assert (await refused_within(other, 5)).reason == reason_pb2.REASON_TOKEN_INVALID
    await whoami(ada)
    await house.signed_in("ada", "another good one")
    with pytest.raises(CallError):
        await house.signed_in("ada", PASSWORD)


async def test_sessions_are_listed_and_one_can_be_ended(house: House) -> None:
    ada, other = await house.newcomer("ada"), await house.signed_in("ada")
    listed = (await ada.account("ListSessions", account_service_pb2.ListSessionsRequest())).sessions
    assert [session.current for session in listed] == [False, True]
    request = account_service_pb2.RevokeSessionRequest(session_id=listed[0].session_id)
    await ada.account("RevokeSession", request)
    await refused_within(other, 5)
    stranger = await house.newcomer("eve")
    with pytest.raises(CallError) as refused:
        await stranger.account(
            "RevokeSession", account_service_pb2.RevokeSessionRequest(session_id=listed[1].session_id)
        )
    assert refused.value.reason == reason_pb2.REASON_NOT_FOUND


async def test_a_registration_that_is_sent_again_gives_the_same_reply(house: House) -> None:
    request = identity_service_pb2.RegisterRequest(username="ada", password=PASSWORD, request_id="once")
    replies = [await house.stranger().identity("Register", request) for _ in range(2)]
    assert replies[0] == replies[1]


async def test_too_many_attempts_with_a_name_have_to_wait(house: House) -> None:
    await house.newcomer("ada")
    reasons = []
    for _ in range(22):
        with pytest.raises(CallError) as refused:
            await house.signed_in("ada", "wrong password")
        reasons.append(refused.value)
    assert reasons[-1].reason == reason_pb2.REASON_RATE_LIMITED
    assert (reasons[-1].retry_after_seconds or 0) > 0


async def test_what_is_remembered_of_a_registration_holds_no_token_and_no_guessable_hash(
    house: House,
) -> None:
    request = identity_service_pb2.RegisterRequest(username="ada", password=PASSWORD, request_id="once")
    reply = await house.stranger().identity("Register", request)
    async with house.running.runtime.database.reading() as reader:
        row = (await reader.execute(select(replies))).one()
    assert reply.tokens.refresh_token.encode() not in row.reply
    assert hashlib.sha256(request.SerializeToString(deterministic=True)).digest() != row.body_hash


async def test_the_address_that_resets_are_sent_to_is_changed_with_the_password_only(house: House) -> None:
    ada = await house.newcomer("ada", email="ada@example.org")
    for password in ("", "wrong password"):
        change = account_service_pb2.UpdateAccountRequest(email="eve@example.org", password=password)
        with pytest.raises(CallError) as refused:
            await ada.account("UpdateAccount", change)
        assert refused.value.reason == reason_pb2.REASON_WRONG_CREDENTIALS
    assert (await whoami(ada)).email == "ada@example.org"
    change = account_service_pb2.UpdateAccountRequest(email="ada@example.com", password=PASSWORD)
    await ada.account("UpdateAccount", change)
    await ada.account("UpdateAccount", account_service_pb2.UpdateAccountRequest(display_name="Ada L."))
    account = await whoami(ada)
    assert (account.email, account.display_name) == ("ada@example.com", "Ada L.")
