"""An address has the allowance that the contract gives it, and an account the one of the platform."""

import asyncio

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.identity.v1 import account_service_pb2, identity_service_pb2

from mesh.errors import CallError
from tests.integration.identity.conftest import House, Person


async def test_an_address_signs_in_five_times_a_minute(house: House) -> None:
    request = identity_service_pb2.LoginRequest(username="nobody-here", password="whatever it is")
    reasons = []
    for _ in range(6):
        visitor = Person(house.channel, headers=(("mootion-address", "192.0.2.7"),))
        with pytest.raises(CallError) as refused:
            await visitor.identity("Login", request)
        reasons.append(refused.value)
    assert [each.reason for each in reasons[:5]] == [reason_pb2.REASON_WRONG_CREDENTIALS] * 5
    assert reasons[5].reason == reason_pb2.REASON_RATE_LIMITED
    assert 0 < (reasons[5].retry_after_seconds or 0) <= 60
    other = Person(house.channel, headers=(("mootion-address", "192.0.2.8"),))
    with pytest.raises(CallError) as refused:
        await other.identity("Login", request)
    assert refused.value.reason == reason_pb2.REASON_WRONG_CREDENTIALS


async def test_of_a_hundred_and_twenty_calls_at_once_exactly_a_hundred_are_admitted(house: House) -> None:
    ada = await house.newcomer("ada")

    async def reason() -> reason_pb2.Reason.ValueType | None:
        try:
            await ada.account("GetAccount", account_service_pb2.GetAccountRequest())
        except CallError as error:
            return error.reason
        return None

    reasons = await asyncio.gather(*(reason() for _ in range(120)))
    assert reasons.count(None) == 100
    assert reasons.count(reason_pb2.REASON_RATE_LIMITED) == 20
