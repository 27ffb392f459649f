"""Processes are killed at random moments: nothing acknowledged is lost, and every job has its effect once."""

import asyncio
import os
import random
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import insert, select, text

from mesh.config import Settings
from mesh.consuming import Consumer, Consuming
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Lease
from mesh.tracing import Tracing
from tests.integration.ports import journal, notebook, processes

SEED = 13
WRITERS = 8
KILLS = 30
JOBS = 40
LEASE_SECONDS = 0.6
STARTED = "started"


async def write(folder: Path, writer: int) -> None:
    """Notes one name after the other and puts each into a file of the acknowledged."""
    ports = await open_ports(Settings(data_dir=folder))
    for number in range(1_000_000):
        name = f"{writer}-{os.getpid()}-{number}"
        await notebook.note(ports, name)
        journal.append(folder / f"acknowledged-{writer}", name)


async def test_writers_killed_at_random_moments_lose_nothing_they_acknowledged(tmp_path: Path) -> None:
    ports = await open_ports(Settings(data_dir=tmp_path))
    await ports.database.create_tables(notebook.metadata)
    chance = random.Random(SEED)
    writers = [processes.start(write, tmp_path, number) for number in range(WRITERS)]
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.0, 0.12))
        number = chance.randrange(WRITERS)
        processes.kill(writers[number])
        writers[number] = processes.start(write, tmp_path, number)
    for writer in writers:
        processes.kill(writer)

    acknowledged = {
        line[0] for number in range(WRITERS) for line in journal.lines(tmp_path / f"acknowledged-{number}")
    }
    async with ports.database.reading() as reader:
        noted = await notebook.names(reader, notebook.notes)
        jobs = await reader.execute(text("SELECT key FROM queue_jobs"))
        assert sorted(jobs.scalars()) == noted
        assert (await reader.execute(text("SELECT count(*) FROM outbox"))).scalar() == len(noted)
        assert (await reader.execute(text("PRAGMA integrity_check"))).scalar() == "ok"
    await ports.close()
    assert len(acknowledged) > KILLS
    assert acknowledged <= set(noted)
    assert len(noted) == len(set(noted))


async def work(folder: Path, seconds: float, poison: str) -> None:
    """Works on jobs until killed; the job named `poison` kills it."""
    ports = await open_ports(Settings(data_dir=folder))

    async def handle(lease: Lease) -> None:
        journal.append(folder / STARTED, lease.key, lease.token, time.time())
        if lease.key == poison:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(seconds)
        async with ports.database.transaction() as tx:
            await notebook.accept(tx, lease.key, lease.token)

    consumer = Consumer(notebook.TOPIC, handle, max_attempts=3, lease_seconds=LEASE_SECONDS)
    await Consuming(ports.queue, Tracing(), consumer).run(asyncio.Event())


async def opened(folder: Path, *names: str) -> Ports:
    ports = await open_ports(Settings(data_dir=folder))
    await ports.database.create_tables(notebook.metadata)
    for name in names:
        await notebook.note(ports, name)
    return ports


async def done(ports: Ports, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await ports.queue.depth(notebook.TOPIC):  # noqa: ASYNC110 - other processes change it
            await asyncio.sleep(0.02)


async def test_workers_killed_at_random_moments_leave_every_job_done_once(tmp_path: Path) -> None:
    expected = sorted(f"job-{number}" for number in range(JOBS))
    ports = await opened(tmp_path, *expected)
    chance = random.Random(SEED)
    workers = [processes.start(work, tmp_path, 0.05, "") for _ in range(3)]
    killed = []
    while await ports.queue.depth(notebook.TOPIC) > JOBS // 3:
        await asyncio.sleep(chance.uniform(0.05, 0.3))
        number = chance.randrange(3)
        processes.kill(workers[number])
        killed.append(time.time())
        workers[number] = processes.start(work, tmp_path, 0.05, "")
    await done(ports, 20)
    for worker in workers:
        processes.kill(worker)
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.effects) == expected
    tokens = _tokens(tmp_path)
    retaken = [name for name in expected if len(tokens[name]) > 1]
    await ports.close()
    assert killed and retaken
    assert all(given == sorted(set(given)) for given in tokens.values())


async def test_the_job_of_a_killed_worker_is_retaken_within_one_lease(tmp_path: Path) -> None:
    ports = await opened(tmp_path, "a")
    worker = processes.start(work, tmp_path, 60.0, "")
    await journal.wait_for_line(tmp_path / STARTED)
    processes.kill(worker)
    killed = time.time()
    another = processes.start(work, tmp_path, 0.0, "")
    await done(ports, 10)
    processes.kill(another)
    await ports.close()
    retaken = float(journal.lines(tmp_path / STARTED)[-1][-1])
    assert retaken - killed < LEASE_SECONDS + 0.6


async def test_a_job_that_kills_every_worker_is_set_apart_and_the_others_are_done(tmp_path: Path) -> None:
    good = sorted(f"job-{number}" for number in range(20))
    ports = await opened(tmp_path, "poison", *good)
    workers: list[BaseProcess] = []
    async with asyncio.timeout(20):
        while await ports.queue.depth(notebook.TOPIC):
            workers = [worker for worker in workers if worker.is_alive()]
            workers += [processes.start(work, tmp_path, 0.0, "poison") for _ in range(2 - len(workers))]
            await asyncio.sleep(0.02)
    for worker in workers:
        processes.kill(worker)
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.effects) == good
    dead = await ports.queue.dead_letters(notebook.TOPIC)
    await ports.close()
    assert [(letter.key, letter.reason) for letter in dead] == [
        ("poison", "its worker died or lost it 3 times")
    ]
    assert len(_tokens(tmp_path)["poison"]) == 3


async def test_a_worker_stopped_past_its_lease_is_fenced_off_when_it_goes_on(tmp_path: Path) -> None:
    ports = await opened(tmp_path, "a")
    late = processes.start(late_writer, tmp_path)
    await journal.wait_for_line(tmp_path / STARTED)
    assert late.pid is not None
    os.kill(late.pid, signal.SIGSTOP)
    punctual = processes.start(work, tmp_path, 0.0, "")
    await done(ports, 10)
    processes.kill(punctual)
    os.kill(late.pid, signal.SIGCONT)
    late.join(10)
    async with ports.database.reading() as reader:
        tried = select(notebook.attempts.c.token, notebook.attempts.c.accepted)
        rows = (await reader.execute(tried.order_by(notebook.attempts.c.token))).all()
        effect = (await reader.execute(select(notebook.effects.c.token))).scalar_one()
    await ports.close()
    assert [tuple(row) for row in rows] == [(1, 0), (2, 1)]
    assert effect == 2
    assert journal.lines(tmp_path / "acknowledged") == [["False"]]


async def late_writer(folder: Path) -> None:
    """Takes a job without any heartbeat, works for longer than its lease, then reports."""
    ports = await open_ports(Settings(data_dir=folder))
    lease = await ports.queue.lease(notebook.TOPIC, wait_seconds=5, lease_seconds=LEASE_SECONDS)
    assert lease is not None
    journal.append(folder / STARTED, lease.key, lease.token, time.time())
    await asyncio.sleep(LEASE_SECONDS + 0.2)
    async with ports.database.transaction() as tx:
        await notebook.accept(tx, lease.key, lease.token)
    journal.append(folder / "acknowledged", await lease.acknowledge())
    await ports.close()


async def hold(folder: Path) -> None:
    """Opens a transaction and keeps it open."""
    ports = await open_ports(Settings(data_dir=folder))
    async with ports.database.transaction() as tx:
        await tx.execute(insert(notebook.notes).values(name="held"))
        journal.append(folder / STARTED, "held")
        await asyncio.sleep(60)


async def test_a_writer_killed_inside_its_transaction_holds_nobody_up(tmp_path: Path) -> None:
    ports = await opened(tmp_path)
    holder = processes.start(hold, tmp_path)
    await journal.wait_for_line(tmp_path / STARTED)
    waiting = asyncio.create_task(notebook.note(ports, "a"))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    processes.kill(holder)
    await asyncio.wait_for(waiting, 1)
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.notes) == ["a"]
    await ports.close()


def _tokens(folder: Path) -> dict[str, list[int]]:
    tokens: dict[str, list[int]] = {}
    for name, token, _ in journal.lines(folder / STARTED):
        tokens.setdefault(name, []).append(int(token))
    return tokens
