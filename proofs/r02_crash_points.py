"""A process that dies at any numbered point of its work, and is started again, leaves every effect once."""

import asyncio
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import structlog
from mootion.event.v1 import event_pb2
from sqlalchemy import select

from mesh.config import Settings
from mesh.consuming import Consumer, Consuming
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Lease
from mesh.ports.tables import JobState, outbox, queue_jobs
from mesh.tracing import Tracing
from proofs.faults.crash_points import CrashPoints
from proofs.ground import Ground, Mode, Size
from proofs.history import judge
from proofs.numbers import Numbers
from tests.integration.ports import journal, notebook, processes
from tests.relaying import relaying

LEASE_SECONDS = 0.3
SUBSCRIPTION = "notebook"
MOST_BROKEN = 3
SECONDS = 60


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Short: 5 points by chance. Long: every point; embedded, the restart dies once more at a point by chance."""
    chance, numbers = random.Random(seed), Numbers(0)
    # A process that waits looks again and again, which are points of their own: the others may wait less.
    points = min([await _points(ground, f"reference-{number}") for number in range(3)], key=len)
    numbers.measured(points=len(points), steps=dict(Counter(points)))
    every = range(1, len(points) + 1)
    # How often a process looks whether it is done differs: the last points are not there every time.
    steady = every[: len(every) * 3 // 4]
    for crash_at in every if size is Size.LONG else sorted(chance.sample(steady, 5)):
        again = chance.choice(every) if size is Size.LONG and ground.is_embedded else 0
        await _crashed(numbers, ground, crash_at, again)
        if len(numbers.broken) > MOST_BROKEN:
            break
    numbers.check(
        numbers.values.get("crashes", 0) >= min(numbers.n * 0.9, numbers.n - 1),
        "too few processes reached their point",
    )
    return numbers


async def _points(ground: Ground, run: str) -> list[str]:
    """The names of the points that a process passes when it lives."""
    settings, passed = ground.settings(), ground.folder / f"{run}-points"
    process = processes.start(_serve, settings, ground.mode, 0, passed, run)
    await asyncio.to_thread(process.join, SECONDS)
    names = [name for _, name in journal.lines(passed)]
    if process.exitcode != 0 or not names:
        raise RuntimeError(
            f"the process that was to live ended with {process.exitcode} after {len(names)} points"
        )
    return names


async def _crashed(numbers: Numbers, ground: Ground, crash_at: int, again: int) -> None:
    run = f"run-{crash_at}"
    settings, codes = ground.settings(), []
    for number, point in enumerate([crash_at, again] if again else [crash_at]):
        passed = ground.folder / f"{run}-points-{number}"
        process = processes.start(_serve, settings, ground.mode, point, passed, run)
        await asyncio.to_thread(process.join, SECONDS)
        codes.append(process.exitcode)
    restarted = processes.start(_serve, settings, ground.mode, 0, ground.folder / f"{run}-points", run)
    await asyncio.to_thread(restarted.join, SECONDS)
    numbers.n += 1
    numbers.measured(crashes=numbers.values.get("crashes", 0) + codes.count(-signal.SIGKILL))
    strange = [code for code in codes if code not in (0, -signal.SIGKILL)]
    numbers.check(not strange, f"point {crash_at}: a process ended with {strange}")
    numbers.check(restarted.exitcode == 0, f"point {crash_at}: the restart ended with {restarted.exitcode}")
    await _judge(numbers, settings, crash_at, run)


async def _serve(settings: Settings, mode: Mode, crash_at: int, passed: Path, run: str) -> None:
    """Notes each name, relays, works on its job and handles its event; dies at a point."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    CrashPoints(crash_at, passed).arm(mode)
    ports = await open_ports(settings)
    async with relaying(ports):
        await ports.database.create_tables(notebook.metadata)
        await _note_and_work(ports, run)
    await ports.close()


async def _note_and_work(ports: Ports, run: str) -> None:

    async def handle(lease: Lease) -> None:
        async with ports.database.transaction() as tx:
            await notebook.accept(tx, lease.key, lease.token)

    async def subscriber(event: event_pb2.Event) -> None:
        async with ports.database.transaction() as tx:
            await notebook.mark_seen(tx, event.event_id)

    for name in _names(run):
        await notebook.note(ports, name)
    consumer = Consumer(notebook.TOPIC, handle, lease_seconds=LEASE_SECONDS)
    until = asyncio.Event()
    tasks = [
        asyncio.create_task(ports.events.run(SUBSCRIPTION, subscriber)),
        asyncio.create_task(Consuming(ports.queue, Tracing(), consumer).run(until)),
    ]
    await _finished(ports)
    until.set()
    tasks[0].cancel()
    await asyncio.wait(tasks)


async def _finished(ports: Ports) -> None:
    async with asyncio.timeout(SECONDS):
        while await ports.queue.depth(notebook.TOPIC):  # noqa: ASYNC110 - looks like any other reader
            await asyncio.sleep(0.02)
        assert await ports.events.wait_until_handled(SUBSCRIPTION, 20)


async def _judge(numbers: Numbers, settings: Settings, crash_at: int, run: str) -> None:
    ports = await open_ports(settings)
    async with ports.database.reading() as reader:
        noted = await notebook.names(reader, notebook.notes)
        done = await notebook.names(reader, notebook.effects)
        seen = await notebook.names(reader, notebook.seen)
        rows = (await reader.execute(select(queue_jobs.c.key, queue_jobs.c.state))).all()
        bodies = (await reader.execute(select(outbox.c.body))).scalars().all()
    await ports.close()
    events = [event_pb2.Event.FromString(body) for body in bodies]
    handled = [event.owner_id for event in events if event.event_id in seen]
    finished = [row.key for row in rows if row.state == JobState.DONE]
    histories = {"notes": noted, "effects": done, "jobs": finished, "events": handled}
    for name, effects in histories.items():
        asked = _names(run)
        verdict = judge(asked, asked, [effect for effect in effects if effect.startswith(f"{run}-")])
        numbers.check(verdict.holds, f"point {crash_at}: {name}: {verdict}")


def _names(run: str) -> list[str]:
    """What a run notes; runs share their stores."""
    return [f"{run}-a", f"{run}-b"]
