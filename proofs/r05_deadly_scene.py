"""A scene that kills every worker that touches it is set apart, its video fails with a reason, all others are made."""

import asyncio
import random

from mesh.config import Settings
from mesh.consuming import MAX_ATTEMPTS
from mesh.testing import Running
from proofs.callers import lessons
from proofs.faults import stub_renderer
from proofs.faults.stub_renderer import DEADLY, Stub
from proofs.faults.worker_group import WorkerGroup
from proofs.ground import Ground, Size
from proofs.history import judge
from proofs.numbers import Numbers
from services.video.__main__ import build
from services.video.plan import SCENE_TOPIC
from services.video.rendering import STITCH_TOPIC

WORKERS = 3
SECONDS = 240.0


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """The deadly scene stands at a random place among the good ones."""
    good, lease_seconds = size.of(short=12, long=100), size.of(short=1, long=5)
    titles = [f"lesson {number}" for number in range(good)]
    titles.insert(random.Random(seed).randrange(good), DEADLY)
    numbers = Numbers(good + 1)
    environment = ground.environment(MOOTION_DRAIN_GRACE_SECONDS=1)
    async with lessons.served(Settings.from_environment(environment), build) as served:
        ids = await lessons.add_lessons(served.runtime, titles)
        stub = Stub(ground.folder, 0.1, lease_seconds)
        await _work_until_ended(numbers, stub_renderer.group(environment, stub), served)
        await _judge(numbers, served, ids)
    return numbers


async def _work_until_ended(numbers: Numbers, group: WorkerGroup, served: Running) -> None:
    """Keeps the workers at their number until every video has ended."""
    loop, deaths = asyncio.get_running_loop(), 0
    give_up = loop.time() + SECONDS
    await asyncio.to_thread(group.grow, WORKERS)
    while not await lessons.all_ended(served.runtime, 0.2) and loop.time() < give_up:
        deaths += await asyncio.to_thread(group.replace_dead)
    deaths += await asyncio.to_thread(group.replace_dead)
    await asyncio.to_thread(group.stop)
    numbers.measured(worker_deaths=deaths, attempts_allowed=MAX_ATTEMPTS)
    numbers.check(deaths == MAX_ATTEMPTS, f"{deaths} workers died; {MAX_ATTEMPTS} attempts are allowed")


async def _judge(numbers: Numbers, served: Running, ids: dict[str, str]) -> None:
    found = await lessons.made(served.runtime)
    deadly = ids.pop(DEADLY)
    good = list(ids.values())
    numbers.measured(states=dict(found.states), reason=found.failures.get(deadly, ""))
    numbers.check(found.failures == {deadly: "RENDER_FAILED"}, f"failures: {found.failures}")
    numbers.add_history(judge(good, found.completed, found.artefacts), "artefacts")
    numbers.add_history(judge(good, found.completed, found.events), "completion_events")
    numbers.check(len(found.completed) == len(good), f"{len(found.completed)} of {len(good)} were made")
    dead = await served.runtime.queue.dead_letters(SCENE_TOPIC)
    numbers.measured(dead_letters=[letter.reason for letter in dead])
    told = [letter.key for letter in dead]
    numbers.check(told == [f"{deadly}:0"], f"dead letters: {told}")
    # A lesson that was being joined by a worker when the scene killed it must not pay for that.
    beside = [letter.key for letter in await served.runtime.queue.dead_letters(STITCH_TOPIC)]
    numbers.check(not beside, f"jobs that died with the scene: {beside}")
