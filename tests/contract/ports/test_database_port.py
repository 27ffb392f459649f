"""What every database does with a unit of work."""

import asyncio
from contextlib import AbstractContextManager

import pytest
from mootion.event.v1 import event_pb2
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from mesh.idempotency import IdempotentRequest, serving
from mesh.ports.replies import AlreadyRemembered, StoredReply
from tests.contract.ports.stores import Stores

# A broker takes a moment to hand a job out.
SOON = 20.0

metadata = MetaData()
counters = Table(
    "test_counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)


@pytest.fixture(autouse=True)
async def tables(stores: Stores) -> None:
    await stores.database.create_tables(metadata)


async def value(stores: Stores, name: str) -> int | None:
    async with stores.database.reading() as reader:
        found = (await reader.execute(select(counters.c.value).where(counters.c.name == name))).scalar()
    return None if found is None else int(found)


def served(principal: str, method: str) -> AbstractContextManager[None]:
    request = IdempotentRequest(principal, method, "r1", b"hash")
    return serving(lambda: request)


async def test_creating_tables_again_keeps_their_rows(stores: Stores) -> None:
    async with stores.database.transaction() as tx:
        await tx.execute(insert(counters).values(name="a", value=1))
    await stores.database.create_tables(metadata)
    assert await value(stores, "a") == 1


async def test_rows_jobs_events_and_the_reply_are_there_after_the_block(stores: Stores) -> None:
    with served("ada", "/quiz"):
        async with stores.database.transaction() as tx:
            await tx.execute(insert(counters).values(name="a", value=1))
            tx.enqueue("document.process", event_pb2.DocumentReady(document_id="d"), key="d", priority=2)
            tx.publish(event_pb2.Event(owner_id="ada"))
            tx.remember(event_pb2.DocumentReady(document_id="d"))
    assert await value(stores, "a") == 1
    lease = await stores.queue.lease("document.process", wait_seconds=SOON)
    assert lease is not None and event_pb2.DocumentReady.FromString(lease.body).document_id == "d"
    stored = await stores.replies.recall("ada", "/quiz", "r1")
    expected = event_pb2.DocumentReady(document_id="d").SerializeToString()
    assert stored == StoredReply(b"hash", expected)
    assert [event.owner_id for event in await handled(stores, 1)] == ["ada"]


async def test_nothing_is_there_after_an_exception(stores: Stores) -> None:
    with served("ada", "/quiz"), pytest.raises(ZeroDivisionError):
        async with stores.database.transaction() as tx:
            await tx.execute(insert(counters).values(name="a", value=1))
            tx.enqueue("document.process", event_pb2.DocumentReady(), key="d")
            tx.publish(event_pb2.Event())
            tx.remember(event_pb2.DocumentReady())
            raise ZeroDivisionError
    assert await value(stores, "a") is None
    assert await stores.queue.depth("document.process") == 0
    assert await stores.replies.recall("ada", "/quiz", "r1") is None
    assert await stores.events.wait_until_handled("nobody", 0)


async def test_nothing_is_there_after_a_cancellation_and_the_next_transaction_works(stores: Stores) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with stores.database.transaction() as tx:
            await tx.execute(insert(counters).values(name="a", value=1))
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await value(stores, "a") is None
    async with stores.database.transaction() as tx:
        await tx.execute(insert(counters).values(name="a", value=2))
    assert await value(stores, "a") == 2


async def test_transactions_follow_each_other(stores: Stores) -> None:
    async with stores.database.transaction() as tx:
        await tx.execute(insert(counters).values(name="a", value=0))

    async def add_one() -> None:
        async with stores.database.transaction() as tx:
            seen = (await tx.execute(select(counters.c.value))).scalar_one()
            await tx.execute(update(counters).values(value=seen + 1))

    await asyncio.gather(*(add_one() for _ in range(30)))
    assert await value(stores, "a") == 30


async def test_a_transaction_inside_another_of_the_same_task_is_refused(stores: Stores) -> None:
    async with stores.database.transaction():
        with pytest.raises(RuntimeError, match="open in this task already"):
            async with stores.database.transaction():
                pass


async def test_statements_of_one_transaction_may_be_started_together(stores: Stores) -> None:
    async with stores.database.transaction() as tx:
        await asyncio.gather(
            *(tx.execute(insert(counters).values(name=str(number), value=number)) for number in range(10))
        )
    assert [await value(stores, str(number)) for number in range(10)] == list(range(10))


async def test_a_failed_statement_leaves_the_database_usable(stores: Stores) -> None:
    for _ in range(2):
        with pytest.raises(IntegrityError):
            async with stores.database.transaction() as tx:
                await tx.execute(insert(counters).values(name="a", value=1))
                await tx.execute(insert(counters).values(name="a", value=2))
    assert await value(stores, "a") is None


async def test_many_rows_go_in_by_one_statement(stores: Stores) -> None:
    rows = [{"name": str(number), "value": number} for number in range(500)]
    async with stores.database.transaction() as tx:
        await tx.execute(insert(counters), rows)
    async with stores.database.reading() as reader:
        found = (await reader.execute(select(counters).order_by(counters.c.value))).mappings().all()
    assert [dict(row) for row in found] == rows


async def test_of_two_equal_calls_only_the_first_is_kept(stores: Stores) -> None:
    with served("ada", "/quiz"):
        async with stores.database.transaction() as tx:
            await tx.execute(insert(counters).values(name="first", value=1))
            tx.remember(event_pb2.DocumentReady(document_id="first"))
        with pytest.raises(AlreadyRemembered):
            async with stores.database.transaction() as tx:
                await tx.execute(insert(counters).values(name="second", value=2))
                tx.enqueue("document.process", event_pb2.DocumentReady(), key="second")
                tx.remember(event_pb2.DocumentReady(document_id="second"))
    assert (await value(stores, "first"), await value(stores, "second")) == (1, None)
    assert await stores.queue.depth("document.process") == 0


async def test_request_ids_belong_to_a_principal_and_a_method(stores: Stores) -> None:
    for principal, method in (("ada", "/a"), ("ada", "/b"), ("bob", "/a")):
        with served(principal, method):
            async with stores.database.transaction() as tx:
                tx.remember(event_pb2.DocumentReady(document_id=principal + method))
    stored = await stores.replies.recall("ada", "/b", "r1")
    assert stored is not None
    assert event_pb2.DocumentReady.FromString(stored.reply).document_id == "ada/b"
    assert await stores.replies.recall("bob", "/b", "r1") is None


async def test_a_call_without_a_request_id_remembers_nothing(stores: Stores) -> None:
    for _ in range(2):
        async with stores.database.transaction() as tx:
            tx.remember(event_pb2.DocumentReady())


async def test_a_reply_can_be_stored_alone_and_only_once(stores: Stores) -> None:
    await stores.replies.store("ada", "/a", "r1", StoredReply(b"hash", b"reply"))
    assert await stores.replies.recall("ada", "/a", "r1") == StoredReply(b"hash", b"reply")
    with pytest.raises(AlreadyRemembered):
        await stores.replies.store("ada", "/a", "r1", StoredReply(b"other", b"other"))


async def handled(stores: Stores, count: int) -> list[event_pb2.Event]:
    seen: list[event_pb2.Event] = []
    enough = asyncio.Event()

    async def handle(event: event_pb2.Event) -> None:
        seen.append(event)
        if len(seen) == count:
            enough.set()

    running = asyncio.create_task(stores.events.run("test", handle))
    try:
        await asyncio.wait_for(enough.wait(), SOON)
    finally:
        running.cancel()
        await asyncio.wait([running])
    return seen


async def test_a_row_that_may_be_there_is_added_or_changed(stores: Stores) -> None:
    async def add_one() -> None:
        async with stores.database.transaction() as tx:
            row = tx.insert(counters).values(name="a", value=1)
            more = {"value": counters.c.value + 1}
            await tx.execute(row.on_conflict_do_update(index_elements=["name"], set_=more))

    await asyncio.gather(*(add_one() for _ in range(8)))
    assert await value(stores, "a") == 8


async def test_the_replies_to_one_principal_are_forgotten_and_no_others(stores: Stores) -> None:
    for principal, request_id in (("ada", "r1"), ("ada", "r2"), ("bob", "r1")):
        await stores.replies.store(principal, "/a", request_id, StoredReply(b"hash", b"reply"))
    await stores.replies.forget("ada")
    await stores.replies.forget("nobody")
    assert [await stores.replies.recall("ada", "/a", one) for one in ("r1", "r2")] == [None, None]
    assert await stores.replies.recall("bob", "/a", "r1") is not None
    await stores.replies.store("ada", "/a", "r1", StoredReply(b"hash", b"reply"))
