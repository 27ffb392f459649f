import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from joserfc.jws import extract_compact
from mootion.identity.v1 import account_pb2
from sqlalchemy import select

from mesh.config import Settings
from mesh.ids import Ids
from mesh.ports.open_ports import open_ports
from mesh.runtime import open_runtime
from mesh.sealing import Sealer
from services.identity.__main__ import build
from services.identity.desk import Desk
from services.identity.signing import KEPT_SECONDS, KNOWN_SECONDS, SigningKeys
from services.identity.store import signing_keys
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


async def test_a_key_that_signed_until_now_is_kept_however_old_it_is(house: House) -> None:
    """As where the system did not run when the next one was due."""
    desk = Desk.build(house.running.runtime)
    keys, now = desk.keys, house.running.runtime.clock.now()
    first = (await keys.public(now))[0]["kid"]
    late = now + timedelta(days=45)
    await keys.rotate_if_old(late)
    second = (await keys.public(late))[0]["kid"]
    assert {key["kid"] for key in await keys.public(late)} == {first, second}
    assert (await keys.signing_key(late)).kid == first
    third = await keys.rotate(late + timedelta(seconds=KEPT_SECONDS - 1))
    assert {key["kid"] for key in await keys.public(late)} == {first, second, third}
    fourth = await keys.rotate(late + timedelta(seconds=2 * KEPT_SECONDS))
    assert {key["kid"] for key in await keys.public(late)} == {third, fourth}


async def test_processes_that_begin_at_the_same_moment_have_one_key(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    ports = [await open_ports(settings) for _ in range(4)]
    sealer, now = Sealer(b"k" * 32), datetime.now(UTC)
    try:
        found = await asyncio.gather(
            *(SigningKeys(each.database, sealer, Ids()).public(now) for each in ports)
        )
    finally:
        for each in ports:
            await each.close()
    assert [len(keys) for keys in found] == [1] * 4
    assert len({keys[0]["x"] for keys in found}) == 1


async def test_the_first_key_is_there_before_the_first_call_is_served(tmp_path: Path) -> None:
    async with open_runtime(Settings(data_dir=tmp_path), "identity") as runtime:
        parts = build(runtime)
        assert parts.start is not None
        await parts.start()
        async with runtime.database.reading() as reader:
            assert len((await reader.execute(select(signing_keys))).all()) == 1
