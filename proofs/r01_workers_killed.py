"""Render workers killed with their process group at random moments: every job ends, once, and leaves nothing behind."""

import asyncio
import math
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from mesh.config import Settings
from mesh.ports.queue import LEASE_SECONDS
from mesh.testing import Running
from proofs.callers import lessons
from proofs.faults import stub_renderer
from proofs.faults.stub_renderer import CHILDREN, STARTED, Stub
from proofs.faults.worker_group import WorkerGroup
from proofs.ground import Ground, Size
from proofs.history import judge
from proofs.numbers import Numbers
from services.video.__main__ import build
from services.video.plan import SCENE_TOPIC
from tests.integration.ports import journal
from tests.stopwatch import Stopwatch
from workers.workspace import workspace

WORKERS = 3
AMQP_SECONDS = 5.0
# From the moment a job can be had to the line in the journal: a look at the queue, and the call that starts it.
SLACK_SECONDS = 1.5
# Process ids of workers, and when each was killed.
Kills = list[tuple[int, float]]


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Stub renders first, then real ones by `python -m workers.render`."""
    jobs, real = size.of(short=16, long=200), size.of(short=0, long=10)
    numbers = Numbers(jobs + real)
    chance = random.Random(seed)
    environment = ground.environment(MOOTION_DRAIN_GRACE_SECONDS=1)
    async with lessons.served(Settings.from_environment(environment), build) as served:
        await _stubs(numbers, ground, environment, served, chance, size)
        if real:
            await _real(numbers, environment, served, chance, real)
        await _judge(numbers, ground, served)
    return numbers


async def _stubs(
    numbers: Numbers,
    ground: Ground,
    environment: dict[str, str],
    served: Running,
    chance: random.Random,
    size: Size,
) -> None:
    lease_seconds = float(size.of(short=2, long=int(LEASE_SECONDS)))
    jobs, kills = size.of(short=16, long=200), size.of(short=4, long=32)
    stub = Stub(ground.folder, 0.3, lease_seconds)
    await lessons.add_lessons(served.runtime, [f"lesson {number}" for number in range(jobs)])
    group = stub_renderer.group(environment, stub)
    await asyncio.to_thread(group.grow, WORKERS)
    await journal.wait_for_line(ground.folder / STARTED)
    with Stopwatch() as watch:
        for number in range(kills):
            await asyncio.sleep(chance.uniform(0.2, 0.8))
            worker = chance.randrange(WORKERS)
            # The first meets a worker at its work for certain, the others whom they meet.
            await asyncio.to_thread(group.kill, worker if number else await _at_work(group, ground.folder))
        await _ended(numbers, served, 240)
    await asyncio.to_thread(group.stop)
    waits = retaken_after(group.killed, ground.folder)
    within = (lease_seconds if ground.is_embedded else AMQP_SECONDS) + SLACK_SECONDS
    unseen, elsewhere = sum(wait.leases - 1 for wait in waits), kills - len(waits)
    numbers.measured(
        kills=kills,
        kills_in_a_job=len(waits),
        lease_seconds=lease_seconds,
        longest_retake_s=max((wait.seconds for wait in waits), default=0.0),
        longest_retake_with_a_worker_s=max((wait.with_a_worker for wait in waits), default=0.0),
        leases_lost_before_their_first_line=unseen,
    )
    numbers.check(bool(waits), "no kill met a worker at its work")
    numbers.check(unseen <= elsewhere, f"{unseen} leases were lost to {elsewhere} kills")
    took = watch.stood_still
    numbers.measured(machine_stood_still_s=took)
    late = [wait for wait in waits if wait.with_a_worker - took > wait.leases * within]
    numbers.check(not late, f"retaken later than {within:g} s a lease though there was a worker: {late}")


async def _at_work(group: WorkerGroup, folder: Path) -> int:
    """Waits until one of the workers is in the middle of a job; gives its number."""
    pids = [worker.pid for worker in group.workers]
    async with asyncio.timeout(60):
        while True:
            through = {(key, pid) for key, _, pid, _ in journal.lines(folder / stub_renderer.REPORTED)}
            for key, _, pid, _ in reversed(journal.lines(folder / STARTED)):
                if int(pid) in pids and (key, pid) not in through:
                    return pids.index(int(pid))
            await asyncio.sleep(0.01)


async def _ended(numbers: Numbers, served: Running, seconds: float) -> None:
    ended = await lessons.all_ended(served.runtime, seconds)
    numbers.check(ended, f"not every job had ended {seconds:g} s after the last kill")


@dataclass(frozen=True)
class Retake:
    """How a job that lost its worker came to another.

    Args:
        seconds: until another had it, infinite where nobody ever did.
        with_a_worker: how many of them there was a worker to take it. While kills come faster than workers start, there
            is none.
        leases: that ran out meanwhile; more than one where whoever took it next was killed before its first line in the
            journal.
    """

    seconds: float
    with_a_worker: float
    leases: int


def retaken_after(killed: Kills, folder: Path) -> list[Retake]:
    """What became of the jobs of the workers that were killed in the middle of one."""
    started = [
        (key, int(token), int(pid), float(at)) for key, token, pid, at in journal.lines(folder / STARTED)
    ]
    reported = {(key, int(pid)) for key, _, pid, _ in journal.lines(folder / stub_renderer.REPORTED)}
    ends = dict(killed)
    present = [
        (float(at), ends.get(int(pid), math.inf)) for pid, at in journal.lines(folder / stub_renderer.READY)
    ]
    retakes = []
    for worker, killed_at in killed:
        held = [
            (key, token) for key, token, pid, _ in started if pid == worker and (key, pid) not in reported
        ]
        for key, token in held:
            later = [(at, next_ - token) for name, next_, _, at in started if name == key and next_ > token]
            again, leases = min(later, default=(math.inf, 1))
            waited = _covered(present, killed_at, again)
            retakes.append(Retake(again - killed_at, waited, leases))
    return retakes


def _covered(spans: list[tuple[float, float]], begin: float, end: float) -> float:
    """How much of a stretch of time lies in at least one of the spans."""
    total, at = 0.0, begin
    for since, until in sorted(spans):
        since, until = max(since, at), min(until, end)
        if until > since:
            total, at = total + until - since, until
    return total


async def _real(
    numbers: Numbers, environment: dict[str, str], served: Running, chance: random.Random, count: int
) -> None:
    """Renders by real workers, killed as well."""
    await lessons.add_lessons(served.runtime, [f"real lesson {number}" for number in range(count)])

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "workers.render"]
        return subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL)

    group = WorkerGroup(start, lambda process: process.wait())  # type: ignore[attr-defined]
    group.grow(2)
    for _ in range(count // 2):
        await asyncio.sleep(chance.uniform(1.5, 5.0))
        await asyncio.to_thread(group.kill, chance.randrange(2))
    await _ended(numbers, served, 300)
    await asyncio.to_thread(group.stop)
    numbers.measured(real_renders=count, real_kills=count // 2)


async def _judge(numbers: Numbers, ground: Ground, served: Running) -> None:
    found = await lessons.made(served.runtime)
    asked = [video.video_id for video in await lessons.videos(served.runtime)]
    numbers.measured(states=dict(found.states))
    numbers.check(found.states == {"COMPLETED": numbers.n}, f"states: {dict(found.states)}, {found.failures}")
    numbers.add_history(judge(asked, found.completed, found.artefacts), "artefacts")
    numbers.add_history(judge(asked, found.completed, found.events), "completion_events")
    given = await lessons.tokens(served.runtime, SCENE_TOPIC)
    numbers.measured(leases=sum(given.values()))
    orphans = [pid for (pid,) in journal.lines(ground.folder / CHILDREN) if _is_sleeping(int(pid))]
    numbers.check(not orphans, f"{len(orphans)} processes outlived their worker")
    # What the last one that was killed left is removed by the next one that starts, and none did.
    with workspace(ground.folder / "data" / "work"):
        pass
    left = _left_behind(ground.folder / "data")
    numbers.measured(orphan_processes=len(orphans), orphan_files=len(left))
    numbers.check(not left, f"files left behind: {left[:5]}")


def _is_sleeping(pid: int) -> bool:
    try:
        return psutil.Process(pid).name() == "sleep"
    except psutil.NoSuchProcess:
        return False


def _left_behind(data: Path) -> list[str]:
    """Files of workers that are gone."""
    return [path.name for folder in ("work", "blobs/.incoming") for path in data.glob(f"{folder}/**/*")]
