"""A render longer than its lease is delivered once; a worker stopped past its lease writes nothing when it goes on."""

import asyncio
import random

from mootion.errors.v1 import reason_pb2
from mootion.video.v1 import rendering_service_pb2, video_pb2
from mootion.video.v1.rendering_service_pb2_grpc import VideoRenderingServiceStub

from mesh.config import Settings
from mesh.errors import CallError, reason_name
from mesh.testing import Running
from proofs.callers import lessons
from proofs.faults import stub_renderer
from proofs.faults.stub_renderer import STARTED, Stub
from proofs.faults.worker_group import WorkerGroup
from proofs.ground import Ground, Size
from proofs.history import judge
from proofs.numbers import Numbers
from services.video import store
from services.video.__main__ import build
from services.video.plan import SCENE_TOPIC
from tests.integration.ports import journal

STALE = reason_name(reason_pb2.REASON_STALE_LEASE)


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """One long render by a worker that lives; then workers stopped in the middle of theirs, several times."""
    chance, stops = random.Random(seed), size.of(short=1, long=6)
    # A machine that stands still for less than a lease ends none.
    lease_seconds = float(size.of(short=3, long=5))
    numbers = Numbers(stops + 1)
    numbers.measured(lease_seconds=lease_seconds, render_seconds=3.5 * lease_seconds)
    environment = ground.environment(MOOTION_DRAIN_GRACE_SECONDS=1)
    stub = Stub(ground.folder, 3.5 * lease_seconds, lease_seconds)
    async with lessons.served(Settings.from_environment(environment), build) as served:
        await _slow(numbers, stub_renderer.group(environment, stub), served)
        stub = Stub(ground.folder, lease_seconds, lease_seconds)
        for number in range(stops):
            group = stub_renderer.group(environment, stub)
            await _stopped(numbers, group, served, ground, chance.uniform(0.1, 0.6) * lease_seconds, number)
        found = await lessons.made(served.runtime)
        asked = [video.video_id for video in await lessons.videos(served.runtime)]
        numbers.add_history(judge(asked, found.completed, found.events), "completion_events")
        numbers.check(found.states == {"COMPLETED": stops + 1}, f"states: {dict(found.states)}")
    return numbers


async def _slow(numbers: Numbers, group: WorkerGroup, served: Running) -> None:
    """Two workers, so that the second could take the job that the first still works on."""
    video_id = await lessons.add_lesson(served.runtime, lessons.lesson("a slow lesson"))
    await asyncio.to_thread(group.grow, 2)
    ended = await lessons.all_ended(served.runtime, 120)
    await asyncio.to_thread(group.stop)
    deliveries = (await lessons.tokens(served.runtime, SCENE_TOPIC))[f"{video_id}:0"]
    numbers.measured(deliveries_of_a_slow_job=deliveries)
    numbers.check(ended and deliveries == 1, f"a slow render was delivered {deliveries} times")


async def _stopped(
    numbers: Numbers, group: WorkerGroup, served: Running, ground: Ground, after_seconds: float, number: int
) -> None:
    """A worker is stopped in its render; a second takes over; then the first goes on and reports."""
    before = len(journal.lines(ground.folder / STARTED))
    video_id = await lessons.add_lesson(served.runtime, lessons.lesson(f"a stopped lesson {number}"))
    await asyncio.to_thread(group.grow, 1)
    await _deliveries(ground, before + 1)
    await asyncio.sleep(after_seconds)
    group.pause(0)
    await asyncio.to_thread(group.grow, 1)
    await _seen(served, video_id, token=2)
    refused = await _late_report(served, video_id, token=1)
    numbers.check(refused == STALE, f"a report with an old token, while the job was redone: {refused}")
    group.go_on(0)
    ended = await lessons.all_ended(served.runtime, 120)
    numbers.check(ended, "a job whose worker was stopped did not end")
    refused = await _late_report(served, video_id, token=1)
    numbers.check(refused == STALE, f"a report with an old token, after the job was redone: {refused}")
    numbers.measured(late_reports_refused=numbers.values.get("late_reports_refused", 0) + 2)
    await asyncio.to_thread(group.stop)
    await _check_accepted(numbers, served, video_id)


async def _deliveries(ground: Ground, count: int) -> None:
    async with asyncio.timeout(60):
        while len(journal.lines(ground.folder / STARTED)) < count:  # noqa: ASYNC110 - other processes write
            await asyncio.sleep(0.02)


async def _seen(served: Running, video_id: str, token: int) -> None:
    """Waits until the service knows of the second lease; until then the first is the newest there is."""
    async with asyncio.timeout(60):
        while True:
            async with served.runtime.database.reading() as reader:
                if await store.scene_lease(reader, video_id, 0) == token:
                    return
            await asyncio.sleep(0.02)


async def _late_report(served: Running, video_id: str, token: int) -> str:
    """Reports as the worker would whose lease is over; gives the reason of the refusal."""
    stub = served.stub(VideoRenderingServiceStub, "video", principal=None, caller="render-worker")
    scene = rendering_service_pb2.RenderedScene(scene_id="s0", blob_key="scenes/late.mp4", duration_seconds=9)
    request = rendering_service_pb2.CompleteSceneRequest(
        video_id=video_id, scene_index=0, lease_token=token, scene=scene
    )
    try:
        await stub.CompleteScene(request)
    except CallError as error:
        return reason_name(error.reason)
    return "accepted"


async def _check_accepted(numbers: Numbers, served: Running, video_id: str) -> None:
    """What stands was written under the second lease."""
    found = [video for video in await lessons.videos(served.runtime) if video.video_id == video_id]
    numbers.check(found[0].state == video_pb2.COMPLETED, f"the video is {found[0].state}")
    given = (await lessons.tokens(served.runtime, SCENE_TOPIC))[f"{video_id}:0"]
    numbers.check(given == 2, f"the job was leased {given} times instead of twice")
