"""Processes are killed at random moments: nothing acknowledged is lost, and every job has its effect once."""

import asyncio
import itertools
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
from tests.stopwatch import Stopwatch, quickest

SEED = 13
WRITERS = 8
KILLS = 30
JOBS = 40
LEASE_SECONDS = 0.6
STARTED, READY = "started", "ready"
GO_ON = "go-on"


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
    async with asyncio.timeout(120):
        while len(_acknowledged(tmp_path)) <= KILLS:  # noqa: ASYNC110 - other processes write
            await asyncio.sleep(0.05)
    for writer in writers:
        processes.kill(writer)

    acknowledged = _acknowledged(tmp_path)
    async with ports.database.reading() as reader:
        noted = await notebook.names(reader, notebook.notes)
        jobs = await reader.execute(text("SELECT key FROM queue_jobs"))
        assert sorted(jobs.scalars()) == noted
        assert (await reader.execute(text("SELECT count(*) FROM outbox"))).scalar() == len(noted)
        assert (await reader.execute(text("PRAGMA integrity_check"))).scalar() == "ok"
    await ports.close()
    assert acknowledged <= set(noted)
    assert len(noted) == len(set(noted))


def _acknowledged(folder: Path) -> set[str]:
    return {line[0] for number in range(WRITERS) for line in journal.lines(folder / f"acknowledged-{number}")}


async def work(folder: Path, seconds: float, poison: str, held: str = "") -> None:
    """Works on jobs until killed; the job named `poison` kills it, and the one named `held` keeps its first worker."""
    ports = await open_ports(Settings(data_dir=folder))

    async def handle(lease: Lease) -> None:
        journal.append(folder / STARTED, lease.key, lease.token, os.getpid(), time.time())
        if lease.key == poison:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(60.0 if (lease.key, lease.token) == (held, 1) else seconds)
        async with ports.database.transaction() as tx:
            await notebook.accept(tx, lease.key, lease.token)

    consumer = Consumer(notebook.TOPIC, handle, max_attempts=3, lease_seconds=LEASE_SECONDS)
    journal.append(folder / READY, os.getpid())
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
    workers = [processes.start(work, tmp_path, 0.05, "", "job-0") for _ in range(3)]
    # One is killed at its work, the others whatever they do.
    at_work = int((await journal.line_of(tmp_path / STARTED, "job-0"))[2])
    number = [worker.pid for worker in workers].index(at_work)
    killed = 0
    while not killed or await ports.queue.depth(notebook.TOPIC) > JOBS // 3:
        processes.kill(workers[number])
        killed += 1
        workers[number] = processes.start(work, tmp_path, 0.05, "", "job-0")
        await asyncio.sleep(chance.uniform(0.05, 0.3))
        number = chance.randrange(3)
    await done(ports, 90)
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
    numbers = itertools.count()

    async def retaken_after() -> float:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        ports = await opened(folder, "a")
        worker = processes.start(work, folder, 60.0, "")
        await journal.wait_for_line(folder / STARTED)
        another = processes.start(work, folder, 0.0, "")
        await journal.wait_for_line(folder / READY, 2)
        with Stopwatch() as watch:
            processes.kill(worker)
            killed = time.time()
            await done(ports, 60)
        processes.kill(another)
        await ports.close()
        return float(journal.lines(folder / STARTED)[-1][-1]) - killed - watch.stood_still

    assert await quickest(retaken_after, LEASE_SECONDS + 0.6) < LEASE_SECONDS + 0.6


async def test_a_job_that_kills_every_worker_is_set_apart_and_the_others_are_done(tmp_path: Path) -> None:
    good = sorted(f"job-{number}" for number in range(20))
    ports = await opened(tmp_path, "poison", *good)
    workers: list[BaseProcess] = []
    async with asyncio.timeout(120):
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
    await done(ports, 60)
    processes.kill(punctual)
    (tmp_path / GO_ON).touch()
    os.kill(late.pid, signal.SIGCONT)
    late.join(60)
    async with ports.database.reading() as reader:
        tried = select(notebook.attempts.c.token, notebook.attempts.c.accepted)
        rows = (await reader.execute(tried.order_by(notebook.attempts.c.token))).all()
        effect = (await reader.execute(select(notebook.effects.c.token))).scalar_one()
    await ports.close()
    assert [tuple(row) for row in rows] == [(1, 0), (2, 1)]
    assert effect == 2
    assert journal.lines(tmp_path / "acknowledged") == [["False"]]


async def late_writer(folder: Path) -> None:
    """Takes a job without any heartbeat, works until it is told that its lease is over, then reports."""
    ports = await open_ports(Settings(data_dir=folder))
    lease = await ports.queue.lease(notebook.TOPIC, wait_seconds=60, lease_seconds=LEASE_SECONDS)
    assert lease is not None
    journal.append(folder / STARTED, lease.key, lease.token, os.getpid(), time.time())
    while not (folder / GO_ON).exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.02)
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
    with Stopwatch() as watch:
        processes.kill(holder)
        await asyncio.wait_for(waiting, 60)
    assert watch.seconds < 1
    async with ports.database.reading() as reader:
        assert await notebook.names(reader, notebook.notes) == ["a"]
    await ports.close()


def _tokens(folder: Path) -> dict[str, list[int]]:
    tokens: dict[str, list[int]] = {}
    for name, token, *_ in journal.lines(folder / STARTED):
        tokens.setdefault(name, []).append(int(token))
    return tokens
