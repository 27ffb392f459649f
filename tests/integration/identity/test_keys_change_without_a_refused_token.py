from datetime import timedelta

from joserfc.jws import extract_compact
from mootion.identity.v1 import account_pb2

from services.identity.desk import Desk
from services.identity.signing import KNOWN_SECONDS
from tests.integration.identity.conftest import House


async def test_a_new_key_is_published_at_once_and_signs_when_it_is_known(house: House) -> None:
    desk = Desk.build(house.running.runtime)
    now = house.running.runtime.clock.now()

    async def signed_by(later_seconds: float) -> str:
        moment = now + timedelta(seconds=later_seconds)
        token = await desk.keys.sign("ada", account_pb2.STUDENT, "session", moment)
        return str(extract_compact(token.encode()).headers()["kid"])

    first = await signed_by(0)
    second = await desk.keys.rotate(now)
    assert {key["kid"] for key in await desk.keys.public(now)} == {first, second}
    assert await signed_by(KNOWN_SECONDS - 1) == first
    assert await signed_by(KNOWN_SECONDS + 1) == second
