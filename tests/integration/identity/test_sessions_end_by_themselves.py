"""A session ends when it was not used for 30 days, and 180 days after the sign-in however often it was."""

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_pb2, identity_service_pb2
from sqlalchemy import select, update

from mesh.errors import CallError
from services.identity.sessions import LONGEST_SECONDS, REFRESH_SECONDS
from services.identity.store import sessions
from tests.integration.identity.conftest import House, Person

DAY_US = 86_400_000_000


async def renewed(person: Person) -> account_pb2.Tokens:
    assert person.tokens is not None
    request = identity_service_pb2.RefreshTokensRequest(refresh_token=person.tokens.refresh_token)
    person.tokens = (await person.identity("RefreshTokens", request)).tokens
    return person.tokens


async def made_older(house: House, days: float) -> int:
    """Moves every session so many days into the past; gives when the newest was opened."""
    older = {
        "created_us": sessions.c.created_us - int(days * DAY_US),
        "ends_us": sessions.c.ends_us - int(days * DAY_US),
    }
    async with house.running.runtime.database.transaction() as tx:
        await tx.execute(update(sessions).values(older))
        return int((await tx.execute(select(sessions.c.created_us))).scalars().one())


async def test_a_session_that_was_used_lives_30_days_more(house: House) -> None:
    ada = await house.newcomer("ada")
    created_us = await made_older(house, 29.9)
    ends = (await renewed(ada)).refresh_expire_time.ToMicroseconds()
    assert abs(ends - (created_us + int(29.9 * DAY_US) + REFRESH_SECONDS * 1_000_000)) < DAY_US / 24


async def test_a_session_that_was_not_used_for_30_days_has_ended(house: House) -> None:
    ada = await house.newcomer("ada")
    await made_older(house, 30.1)
    with pytest.raises(CallError) as refused:
        await renewed(ada)
    assert refused.value.reason == reason_pb2.REASON_TOKEN_INVALID


async def test_no_renewal_leads_past_180_days_from_the_sign_in(house: House) -> None:
    ada = await house.newcomer("ada")
    for _ in range(7):
        created_us = await made_older(house, 25)
        ends_us = (await renewed(ada)).refresh_expire_time.ToMicroseconds()
        assert ends_us <= created_us + LONGEST_SECONDS * 1_000_000
    assert ends_us == created_us + LONGEST_SECONDS * 1_000_000
    await made_older(house, 6)
    with pytest.raises(CallError) as refused:
        await renewed(ada)
    assert refused.value.reason == reason_pb2.REASON_TOKEN_INVALID
