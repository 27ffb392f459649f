"""Every process hears of every session that was ended, in whichever order that was committed."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from mootion.identity.v1 import key_service_pb2
from mootion.identity.v1.key_service_pb2_grpc import KeyServiceStub

from mesh.config import Settings
from mesh.outgoing import Identity
from mesh.ports.open_ports import open_ports
from mesh.sealing import Sealer
from services.identity.session_store import COMMITTED_WITHIN_US, SessionStore, StoredSession
from tests.integration.identity.conftest import House

SEALER = Sealer(b"k" * 32)


def session(session_id: str, account_id: str, now_us: int) -> StoredSession:
    return StoredSession(session_id, account_id, "", "", now_us, now_us, now_us + 3_600_000_000)


async def test_a_session_whose_end_was_committed_late_is_told_all_the_same(
    postgres_url: str, tmp_path: Path
) -> None:
    ports = await open_ports(Settings(data_dir=tmp_path, database_url=postgres_url))
    database, store = ports.database, SessionStore(SEALER)
    now_us = int(datetime.now(UTC).timestamp() * 1e6)
    began, go_on = asyncio.Event(), asyncio.Event()

    async def end_slowly() -> None:
        async with database.transaction() as tx:
            await store.end(tx, "ada", now_us)
            began.set()
            await go_on.wait()

    async def told(after: int, at_us: int) -> tuple[set[str], int]:
        async with database.reading() as reader:
            found, position = await store.revoked(reader, after, at_us, 100)
        return set(found), position

    try:
        async with database.transaction() as tx:
            await store.add(tx, session("first", "ada", now_us), "a")
            await store.add(tx, session("second", "bob", now_us), "b")
        slow = asyncio.create_task(end_slowly())
        await began.wait()
        async with database.transaction() as tx:
            await store.end(tx, "bob", now_us)
        before, position = await told(0, now_us)
        assert before == {"second"}
        go_on.set()
        await slow
        after, same = await told(position, now_us)
        assert "first" in after
        assert same == position
        assert (await told(position, now_us + COMMITTED_WITHIN_US))[0] == set()
    finally:
        await ports.close()


async def test_who_asks_again_hears_of_the_last_minute_again_and_keeps_its_place(house: House) -> None:
    ada = await house.newcomer("ada")
    async with house.running.runtime.database.transaction() as tx:
        now_us = int(house.running.runtime.clock.now().timestamp() * 1e6)
        await SessionStore(house.running.runtime.sealer).end(tx, ada.account_id, now_us)
    stub = house.running.runtime.channels.stub(KeyServiceStub, "identity", identity=Identity(None, "quiz"))
    first = await stub.GetRevocations(key_service_pb2.GetRevocationsRequest())
    again = await stub.GetRevocations(key_service_pb2.GetRevocationsRequest(after=first.position))
    assert len(first.session_ids) == 1
    assert (list(again.session_ids), again.position) == (list(first.session_ids), first.position)
