"""What only the embedded adapters do: choice by settings, and several processes on one file."""

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, func, insert, select, text
from sqlalchemy.dialects import sqlite

from mesh.config import ConfigurationError, Settings
from mesh.ports.failures import StorageUnavailable
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue_sql import first_available, following
from mesh.ports.sql_sqlite import SqliteDatabase
from tests.integration.ports import journal, notebook, processes

# How often another process commits; a busy machine is not in the way every time.
WAKES = 5


async def test_an_unknown_store_is_refused_with_what_is_supported(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="mysql://ada:secret@db/mootion")
    with pytest.raises(ConfigurationError) as refused:
        await open_ports(settings)
    assert "DATABASE_URL" in str(refused.value) and "postgresql://" in str(refused.value)
    assert "secret" not in str(refused.value)


async def test_stores_lie_where_the_urls_say(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "unused",
        database_url=f"sqlite:///{tmp_path}/rows.db",
        blob_url=f"file://{tmp_path}/with%20space",
    )
    ports = await open_ports(settings)
    await ports.close()
    assert (tmp_path / "rows.db").is_file()
    assert (tmp_path / "with space").is_dir()
    assert not (tmp_path / "unused").exists()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mootion.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageUnavailable, match="damaged"):
        await open_ports(Settings(data_dir=tmp_path))


async def publish_many(folder: Path, writer: int) -> None:
    """Publishes jobs from a process of its own."""
    ports = await open_ports(Settings(data_dir=folder))
    for number in range(50):
        await ports.queue.publish(notebook.TOPIC, f"{writer}-{number}", b"")
    await ports.close()


async def test_processes_that_open_a_new_file_together_share_it(tmp_path: Path) -> None:
    started = [processes.start(publish_many, tmp_path, number) for number in range(6)]
    for process in started:
        await asyncio.to_thread(process.join)
    ports = await open_ports(Settings(data_dir=tmp_path))
    depth = await ports.queue.depth(notebook.TOPIC)
    await ports.close()
    assert [process.exitcode for process in started] == [0] * 6
    assert depth == 300


async def publish_later(folder: Path) -> None:
    """Publishes jobs half a second apart and notes when each was committed."""
    ports = await open_ports(Settings(data_dir=folder))
    for number in range(WAKES):
        await asyncio.sleep(0.5)
        await ports.queue.publish(notebook.TOPIC, str(number), b"")
        journal.append(folder / "committed", time.time())
    await ports.close()


async def test_a_worker_wakes_soon_after_another_process_commits(tmp_path: Path) -> None:
    ports = await open_ports(Settings(data_dir=tmp_path))
    publisher = processes.start(publish_later, tmp_path)
    leased = []
    for number in range(WAKES):
        lease = await ports.queue.lease(notebook.TOPIC, wait_seconds=60)
        leased.append(time.time())
        assert lease is not None and lease.key == str(number)
    await ports.close()
    await asyncio.to_thread(publisher.join)
    committed = [float(at) for (at,) in journal.lines(tmp_path / "committed")]
    assert min(later - at for later, at in zip(leased, committed, strict=True)) < 0.25


async def test_a_commit_reaches_the_disk_before_it_is_acknowledged(tmp_path: Path, ports: Ports) -> None:
    async with ports.database.transaction() as tx:
        synchronous = (await tx.execute(text("PRAGMA synchronous"))).scalar()
        journal_mode = (await tx.execute(text("PRAGMA journal_mode"))).scalar()
        foreign_keys = (await tx.execute(text("PRAGMA foreign_keys"))).scalar()
    assert (synchronous, journal_mode, foreign_keys) == (2, "wal", 1)


async def note_all(folder: Path, names: int, at_once: int) -> None:
    """Makes each note many times at the same time."""
    ports = await open_ports(Settings(data_dir=folder))
    for name in range(names):
        await asyncio.gather(*(notebook.note(ports, str(name)) for _ in range(at_once)))
    await ports.close()


async def test_equal_creations_at_once_in_two_processes_have_one_effect(tmp_path: Path, ports: Ports) -> None:
    creating = [processes.start(note_all, tmp_path, 10, 16) for _ in range(2)]
    for process in creating:
        await asyncio.to_thread(process.join)
        assert process.exitcode == 0
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.notes) == [str(name) for name in range(10)]
    assert await ports.queue.depth(notebook.TOPIC) == 10
    assert await notebook.counts(ports) == {"replies": 10, "queue_jobs": 10, "outbox": 10}


async def test_a_transaction_that_has_ended_takes_no_statement(ports: Ports) -> None:
    async with ports.database.transaction() as tx:
        await tx.execute(insert(notebook.notes).values(name="a"))
    with pytest.raises(RuntimeError, match="has ended"):
        await tx.execute(insert(notebook.notes).values(name="b"))
    await notebook.note(ports, "c")
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.notes) == ["a", "c"]


async def test_readers_see_one_state_and_cannot_write(ports: Ports) -> None:
    count = select(func.count()).select_from(notebook.notes)
    async with ports.database.reading() as reader:
        assert (await reader.execute(count)).scalar() == 0
        await notebook.note(ports, "meanwhile")
        assert (await reader.execute(count)).scalar() == 0
        with pytest.raises(Exception, match="readonly"):
            await reader.execute(insert(notebook.notes).values(name="b"))
    async with ports.database.reading() as reader:
        assert (await reader.execute(count)).scalar() == 1


async def test_readers_do_not_wait_for_the_writer(ports: Ports) -> None:
    async with ports.database.transaction() as tx:
        await tx.execute(insert(notebook.notes).values(name="a"))
        async with asyncio.timeout(30), ports.database.reading() as reader:
            assert await notebook.names(reader, notebook.notes) == []


async def test_a_cancelled_statement_stops_and_frees_its_connection(ports: Ports) -> None:
    endless = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")

    async def read() -> None:
        async with ports.database.reading() as reader:
            await reader.execute(endless)

    async with asyncio.timeout(60):
        for _ in range(6):
            reading = asyncio.create_task(read())
            await asyncio.sleep(0.05)
            reading.cancel()
            await asyncio.wait([reading])
            assert reading.cancelled()


async def hold(folder: Path) -> None:
    """Keeps a transaction open until killed."""
    ports = await open_ports(Settings(data_dir=folder))
    async with ports.database.transaction() as tx:
        await tx.execute(insert(notebook.notes).values(name="held"))
        journal.append(folder / "holding", "yes")
        await asyncio.sleep(60)


async def test_a_writer_that_waits_too_long_is_refused_and_the_next_succeeds(
    tmp_path: Path, ports: Ports
) -> None:
    assert isinstance(ports.database, SqliteDatabase)
    ports.database.writer.longest_wait_seconds = 0.2
    holder = processes.start(hold, tmp_path)
    await journal.wait_for_line(tmp_path / "holding")
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="another process has been writing"):
            await notebook.note(ports, "a")
    processes.kill(holder)
    ports.database.writer.longest_wait_seconds = 60
    async with asyncio.timeout(30):
        await notebook.note(ports, "a")
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.notes) == ["a"]


async def test_a_turn_nobody_waits_for_any_more_is_given_on(tmp_path: Path, ports: Ports) -> None:
    assert isinstance(ports.database, SqliteDatabase)
    ports.database.writer.longest_wait_seconds = 0.1
    other = await open_ports(Settings(data_dir=tmp_path))
    holder = processes.start(hold, tmp_path)
    await journal.wait_for_line(tmp_path / "holding")
    with pytest.raises(StorageUnavailable):
        await notebook.note(ports, "a")
    processes.kill(holder)
    async with asyncio.timeout(30):
        await notebook.note(other, "b")
    await other.close()


@pytest.mark.parametrize("query", [first_available("t"), following("t", 1.0)], ids=["due", "following"])
async def test_the_next_job_is_found_by_an_index_and_without_sorting(
    ports: Ports, query: Select[Any]
) -> None:
    statement = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    async with ports.database.reading() as reader:
        steps = (await reader.execute(text(f"EXPLAIN QUERY PLAN {statement}"))).mappings()
        plan = " ".join(step["detail"] for step in steps)
    assert "INDEX queue_jobs_" in plan and "TEMP B-TREE" not in plan


async def test_a_backup_taken_while_running_holds_what_was_committed(tmp_path: Path, ports: Ports) -> None:
    await notebook.note(ports, "a")
    source = sqlite3.connect(tmp_path / "mootion.db")
    source.execute("VACUUM INTO ?", [str(tmp_path / "backup.db")])
    source.close()
    copy = await open_ports(Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/backup.db"))
    async with copy.database.reading() as reader:
        assert await notebook.names(reader, notebook.notes) == ["a"]
    assert await copy.queue.depth(notebook.TOPIC) == 1
    await copy.close()
