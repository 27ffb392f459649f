"""Writers killed at random moments lose nothing they acknowledged, and the database is whole afterwards."""

import asyncio
import os
import random
from pathlib import Path

from sqlalchemy import select, text

from mesh.config import Settings
from mesh.ports.open_ports import open_ports
from mesh.ports.sql import Reader
from mesh.ports.tables import outbox, queue_jobs
from proofs.ground import Ground, Size
from proofs.history import judge
from proofs.numbers import Numbers
from tests.integration.ports import journal, notebook, processes

START_SECONDS = 60.0


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Kills one of the writing processes after the other; each note is a row, a job, an event and a reply."""
    kills, chance = size.of(short=10, long=100), random.Random(seed)
    count = size.of(short=5, long=16)
    # So many processes with a usual pool each would be more than PostgreSQL takes by default.
    settings = ground.settings(MOOTION_DATABASE_POOL=3)
    ports = await open_ports(settings)
    await ports.database.create_tables(notebook.metadata)
    writers = [processes.start(_write, settings, ground.folder, number) for number in range(count)]
    for number in range(count):
        await _has_begun(ground.folder / f"acknowledged-{number}")
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(0.0, 0.25))
        number = chance.randrange(count)
        processes.kill(writers[number])
        writers[number] = processes.start(_write, settings, ground.folder, number)
    async with asyncio.timeout(START_SECONDS):
        while len(_listed(ground.folder, "acknowledged")) <= kills:  # noqa: ASYNC110 - other processes write
            await asyncio.sleep(0.05)
    for writer in writers:
        processes.kill(writer)
    numbers = Numbers(kills, {"writers": count})
    async with ports.database.reading() as reader:
        await _judge(numbers, reader, ground)
    await ports.close()
    return numbers


async def _has_begun(acknowledged: Path) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not journal.lines(acknowledged):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)


async def _write(settings: Settings, folder: Path, writer: int) -> None:
    """Notes one name after the other: first into the list of the attempted, at last into the acknowledged."""
    ports = await open_ports(settings)
    for number in range(1_000_000):
        name = f"{writer}-{os.getpid()}-{number}"
        journal.append(folder / f"attempted-{writer}", name)
        await notebook.note(ports, name)
        journal.append(folder / f"acknowledged-{writer}", name)


async def _judge(numbers: Numbers, reader: Reader, ground: Ground) -> None:
    attempted, acknowledged = _listed(ground.folder, "attempted"), _listed(ground.folder, "acknowledged")
    rows = await notebook.names(reader, notebook.notes)
    jobs = list((await reader.execute(select(queue_jobs.c.key))).scalars())
    numbers.add_history(judge(attempted, acknowledged, rows), "rows")
    numbers.add_history(judge(attempted, acknowledged, jobs), "jobs")
    events = len((await reader.execute(select(outbox.c.seq))).all())
    numbers.measured(kills=numbers.n, events=events)
    numbers.check(events == len(rows), f"{len(rows)} rows have {events} events")
    numbers.check(len(acknowledged) > numbers.n, f"only {len(acknowledged)} writes were acknowledged")
    if ground.is_embedded:
        integrity = (await reader.execute(text("PRAGMA integrity_check"))).scalar()
        numbers.measured(integrity=integrity)
        numbers.check(integrity == "ok", f"integrity check: {integrity}")


def _listed(folder: Path, name: str) -> list[str]:
    return [line[0] for path in folder.glob(f"{name}-*") for line in journal.lines(path)]
