"""What only PostgreSQL does: commits out of order, lost connections, several processes on one server."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import psycopg
import pytest
from mootion.event.v1 import event_pb2
from sqlalchemy import insert, select, text

from ground.postgres import Postgres
from mesh.config import ConfigurationError, Settings
from mesh.ports import postgres_changes, postgres_connections, postgres_partitions
from mesh.ports.failures import StorageFull, StorageUnavailable
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.retention import sweep
from mesh.ports.sql_log import Position, SqlLog
from mesh.ports.sql_postgres import PostgresDatabase
from mesh.ports.tables import outbox, subscriptions
from tests.integration.ports import notebook
from tests.stopwatch import Stopwatch, quickest


@pytest.fixture
async def ports(postgres_url: str) -> AsyncIterator[Ports]:
    ports = await open_ports(Settings(database_url=postgres_url))
    await ports.database.create_tables(notebook.metadata)
    yield ports
    await ports.close()


def database(ports: Ports) -> PostgresDatabase:
    assert isinstance(ports.database, PostgresDatabase)
    return ports.database


async def test_an_empty_database_is_refused_with_what_to_do(empty_postgres_url: str) -> None:
    with pytest.raises(ConfigurationError, match="mootion migrate") as refused:
        await open_ports(Settings(database_url=empty_postgres_url))
    assert "password" not in str(refused.value) and "@" not in str(refused.value)


async def test_a_server_that_is_not_there_is_named_unavailable_in_time() -> None:
    with Stopwatch() as watch, pytest.raises(StorageUnavailable):
        await open_ports(Settings(database_url="postgresql://mootion@127.0.0.1:1/mootion"))
    assert watch.seconds < 5


async def test_an_event_of_an_older_transaction_that_commits_late_is_not_skipped(ports: Ports) -> None:
    log = SqlLog(database(ports))
    async with ports.database.transaction() as late:
        await late.execute(insert(notebook.notes).values(name="takes a transaction id"))
        late.publish(event_pb2.Event(owner_id="older"))
        await asyncio.create_task(_publish(ports, "younger"))
        waiting = await log.after(Position())
        assert (list(waiting.events), waiting.is_unsettled) == ([], True)
    batch = await log.after(Position())
    assert [logged.new.event.owner_id for logged in batch.events] == ["older", "younger"]
    first, second = (logged.position for logged in batch.events)
    assert first < second and first.seq > second.seq


async def _publish(ports: Ports, *owners: str) -> None:
    async with ports.database.transaction() as tx:
        for owner in owners:
            tx.publish(event_pb2.Event(owner_id=owner))


async def test_many_publishers_at_once_lose_no_event(ports: Ports) -> None:
    seen: list[str] = []

    async def handle(event: event_pb2.Event) -> None:
        seen.append(event.owner_id)

    running = asyncio.create_task(ports.events.run("search", handle))
    await asyncio.gather(*(_publish(ports, str(number)) for number in range(200)))
    assert await ports.events.wait_until_handled("search", 90)
    running.cancel()
    await asyncio.wait([running])
    assert sorted(seen, key=int) == [str(number) for number in range(200)]


async def test_after_the_log_moved_to_another_server_new_events_come_after_the_old(
    ports: Ports, postgres_url: str
) -> None:
    far = 10**12
    async with ports.database.transaction() as tx:
        await tx.execute(
            insert(outbox).values(transaction_id=far, kind="", body=b"", headers={}, time=time.time())
        )
        await tx.execute(insert(subscriptions).values(name="search", transaction_id=far, position=10**6))
    moved = await open_ports(Settings(database_url=postgres_url))
    seen: list[str] = []

    async def handle(event: event_pb2.Event) -> None:
        seen.append(event.owner_id)

    running = asyncio.create_task(moved.events.run("search", handle))
    await _publish(moved, "new")
    assert await moved.events.wait_until_handled("search", 60)
    running.cancel()
    await asyncio.wait([running])
    await moved.close()
    assert seen == ["new"]


async def test_a_server_that_restarts_ends_what_is_under_way_and_the_pool_heals(
    ports: Ports, postgres: Postgres
) -> None:
    await notebook.note(ports, "before")
    postgres.kill()
    with pytest.raises(StorageUnavailable):
        await notebook.note(ports, "meanwhile")
    postgres.start()
    await notebook.note(ports, "after")
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.notes) == ["after", "before"]
    lease = await ports.queue.lease(notebook.TOPIC, wait_seconds=60)
    assert lease is not None and await lease.acknowledge()


async def test_a_hold_whose_connection_is_lost_is_lost_and_its_holder_stops(
    ports: Ports, postgres_url: str
) -> None:
    holds = asyncio.Event()

    async def hold() -> None:
        async with database(ports).holding("relay"):
            holds.set()
            await asyncio.sleep(60)

    holder = asyncio.create_task(hold())
    await holds.wait()
    await _end_all_sessions(postgres_url)
    with pytest.raises(StorageUnavailable, match="held a name"):
        await asyncio.wait_for(holder, 60)
    async with asyncio.timeout(60), database(ports).holding("relay"):
        pass


async def _end_all_sessions(url: str) -> None:
    others = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND datname = current_database()
    """
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(others)


async def test_a_name_is_held_by_one_process_at_a_time(ports: Ports, postgres_url: str) -> None:
    other = await open_ports(Settings(database_url=postgres_url))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(database(ports).holding("relay"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6), database(other).holding("relay"):
                pass
    async with asyncio.timeout(60), database(other).holding("relay"):
        pass
    await other.close()


async def test_a_worker_wakes_when_another_process_publishes(
    ports: Ports, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_changes, "POLL_SECONDS", 60.0)
    other, numbers = await open_ports(Settings(database_url=postgres_url)), itertools.count()

    async def took() -> float:
        leasing = asyncio.create_task(other.queue.lease(notebook.TOPIC, wait_seconds=120))
        await asyncio.sleep(0.2)
        await ports.queue.publish(notebook.TOPIC, str(next(numbers)), b"")
        with Stopwatch() as watch:
            lease = await leasing
        assert lease is not None and await lease.acknowledge()
        return watch.seconds

    assert await quickest(took, 0.8, rounds=3) < 0.8, "found by the poll, not by the notice"
    await other.close()


async def test_a_cancelled_unit_of_work_gives_its_connection_back(ports: Ports) -> None:
    async def work() -> None:
        async with ports.database.transaction() as tx:
            await tx.execute(text("SELECT pg_sleep(60)"))

    for wait in (0.0, 0.001, 0.005, 0.02, 0.05, 0.1) * 2:
        task = asyncio.create_task(work())
        await asyncio.sleep(wait)
        task.cancel()
        await asyncio.wait([task])
    async with asyncio.timeout(30):
        await asyncio.gather(*(notebook.note(ports, str(number)) for number in range(8)))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("53100", StorageFull),
        ("53300", StorageUnavailable),
        ("57P01", StorageUnavailable),
        ("40001", StorageUnavailable),
        ("40P01", StorageUnavailable),
        ("57014", StorageUnavailable),
        ("58030", StorageUnavailable),
    ],
)
async def test_what_the_server_fails_with_has_a_class(
    ports: Ports, state: str, expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        async with ports.database.transaction() as tx:
            await tx.execute(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"))


async def test_a_statement_that_takes_too_long_is_ended(ports: Ports) -> None:
    with pytest.raises(StorageUnavailable, match="too long"):
        async with ports.database.transaction() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = '50ms'"))
            await tx.execute(text("SELECT pg_sleep(5)"))


async def test_who_waits_too_long_for_a_connection_is_refused(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connections, "POOL_WAIT_SECONDS", 0.1)
    ports = await open_ports(Settings(database_url=postgres_url, database_pool=3))
    async with ports.database.transaction():
        with pytest.raises(StorageUnavailable, match="in use"):
            await asyncio.create_task(_publish(ports, "a"))
    await _publish(ports, "b")
    await ports.close()


async def test_what_may_lag_is_read_from_the_primary_where_the_replica_is_down(postgres_url: str) -> None:
    settings = Settings(
        database_url=postgres_url, database_replica_url="postgresql://mootion@127.0.0.1:1/mootion"
    )
    ports = await open_ports(settings)
    async with asyncio.timeout(30), ports.database.reading(may_lag=True) as reader:
        assert (await reader.execute(text("SELECT 1"))).scalar() == 1
    await ports.close()


async def test_partitions_are_made_ahead_and_dropped_when_everything_in_them_is_old_and_handled(
    ports: Ports,
) -> None:
    async with database(ports)._writers.connect() as connection:
        first = (await connection.execute(select(outbox.c.seq).limit(1))).scalar()
        assert first is None
        await connection.execute(text("ALTER TABLE outbox DETACH PARTITION outbox_0"))
        for number in (1, 2, 3):
            await connection.execute(text(f"ALTER TABLE outbox DETACH PARTITION outbox_{number}"))
            await connection.execute(text(f"DROP TABLE outbox_{number}"))
        await connection.execute(text("DROP TABLE outbox_0"))
        made = await connection.run_sync(lambda below: postgres_partitions.make_missing(below, 50))
        assert len(made) == postgres_partitions.AHEAD + 1
        await connection.commit()
    await _publish(ports, "a")
    async with database(ports)._writers.connect() as connection:
        handled = int(made[0].removeprefix("outbox_")) * 50 + 50
        later = time.time() + 60
        drop = lambda below: postgres_partitions.drop_old(below, later, 50)  # noqa: E731
        assert await connection.run_sync(drop) == []
        await connection.execute(
            insert(subscriptions).values(name="search", transaction_id=handled, position=1)
        )
        assert await connection.run_sync(lambda below: postgres_partitions.drop_old(below, 0.0, 50)) == []
        assert made[0] in await connection.run_sync(drop)
        assert (await connection.execute(select(outbox))).all() == []


async def test_old_events_without_a_partition_go_one_by_one_once_they_are_handled(ports: Ports) -> None:
    row = {"kind": "", "body": b"", "headers": {}, "time": 1.0}
    async with ports.database.transaction() as tx:
        await tx.execute(insert(outbox), [{**row, "transaction_id": -number} for number in range(1, 6)])
    assert await sweep(database(ports)) == 0
    async with ports.database.transaction() as tx:
        await tx.execute(insert(subscriptions).values(name="search", transaction_id=-2, position=10**6))
    assert await sweep(database(ports)) == 3
