"""A watch that is cut at every event and resumed misses nothing, repeats nothing, and always gets the last event."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

from mootion.video.v1 import rendering_service_pb2 as rendering
from mootion.video.v1 import video_pb2
from mootion.video.v1.rendering_service_pb2_grpc import VideoRenderingServiceStub

from mesh.runtime import Runtime
from proofs import systems
from proofs.callers import lessons
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from proofs.watching import event_stream
from proofs.watching.event_stream import Event
from tests.e2e.calls import SAMPLE, ok, upload
from tests.e2e.system import LocalSystem

LOCAL = "local"
Step = Callable[[], Awaitable[object]]


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Videos whose states the proof moves itself, so that each is one event; then documents that move on their own."""
    chance, numbers = random.Random(seed), Numbers(0)
    system = await asyncio.to_thread(systems.start, ground, render_workers=0)
    try:
        async with systems.beside(system, "render-worker") as runtime:
            for number in range(size.of(short=1, long=6)):
                await _driven(
                    numbers, system, runtime, chance, f"watched {number}", size.of(short=4, long=12)
                )
        for number in range(size.of(short=1, long=6)):
            await asyncio.to_thread(_free, numbers, system, chance, number)
    finally:
        await asyncio.to_thread(system.stop)
    return numbers


async def _driven(
    numbers: Numbers, system: LocalSystem, runtime: Runtime, chance: random.Random, title: str, scenes: int
) -> None:
    """One step, one stream: opened before or after the step, cut right after its event."""
    video_id = await lessons.add_lesson(runtime, lessons.lesson(title, scenes), owner=LOCAL)
    path = f"/v1/videos/{video_id}:watch?afterSequence="
    first = await asyncio.to_thread(event_stream.first_event, system.edge_port, f"{path}0")
    seen = [_sequence(first, "video")]
    for step in _steps(runtime, video_id, scenes, chance):
        arguments = (system.edge_port, f"{path}{seen[-1]}")
        reset, early = chance.random() < 0.5, chance.random() < 0.5
        if not early:
            await step()
        reading = asyncio.create_task(asyncio.to_thread(event_stream.first_event, *arguments, reset=reset))
        if early:
            await asyncio.sleep(chance.uniform(0.0, 0.05))
            await step()
        event = await reading
        seen.append(_sequence(event, "video"))
        numbers.n += 1
    numbers.measured(driven_events=numbers.values.get("driven_events", 0) + len(seen))
    gaps = [later for earlier, later in pairwise(seen) if later != earlier + 1]
    numbers.check(not gaps, f"{title}: the sequence numbers seen are {seen}")
    state = event["video"]["state"] if event else ""
    numbers.check(state == "COMPLETED", f"{title}: the last event says {state!r}")
    rest = await asyncio.to_thread(event_stream.first_event, system.edge_port, f"{path}{seen[-1]}")
    numbers.check(rest is None, f"{title}: the last event was repeated")


def _sequence(event: Event | None, noun: str) -> int:
    return int(event[noun]["sequence"]) if event else -1


def _steps(runtime: Runtime, video_id: str, scenes: int, chance: random.Random) -> Sequence[Step]:
    """What render workers would report, each of it one change of the video."""
    stub = runtime.channels.stub(VideoRenderingServiceStub, "video")

    def started(index: int) -> Step:
        request = rendering.StartSceneRequest(video_id=video_id, scene_index=index, lease_token=1)
        return lambda: stub.StartScene(request)

    def rendered(index: int) -> Step:
        scene = rendering.RenderedScene(scene_id=f"s{index}", blob_key=f"scenes/{index}", duration_seconds=1)
        request = rendering.CompleteSceneRequest(
            video_id=video_id, scene_index=index, lease_token=1, scene=scene
        )
        return lambda: stub.CompleteScene(request)

    file = video_pb2.VideoFile(width=854, height=480, size_bytes=1, content_hash="c0ffee")
    request = rendering.CompleteVideoRequest(
        video_id=video_id,
        lease_token=1,
        duration_seconds=1,
        file=file,
        content_key=f"videos/{video_id}.mp4",
        captions_key=f"videos/{video_id}.vtt",
        thumbnail_key=f"videos/{video_id}.png",
    )
    order = chance.sample(range(scenes), scenes)
    parts = [step for index in order for step in (started(index), rendered(index))]
    return [*parts, lambda: stub.CompleteVideo(request)]


def _free(numbers: Numbers, system: LocalSystem, chance: random.Random, number: int) -> None:
    """A document while it is read: the watch is cut after each event, some streams also before any."""
    with system.client() as client:
        data = SAMPLE.read_bytes() + b"\n" * number
        document_id = ok(upload(client, data, f"watched-{number}.pdf"))["document"]["documentId"]
    path, seen, state = f"/v1/documents/{document_id}:watch?afterSequence=", [0], ""
    while state not in ("READY", "FAILED"):
        if chance.random() < 0.3:
            with event_stream.opened(system.edge_port, f"{path}{seen[-1]}", reset=True):
                pass
        event = event_stream.first_event(system.edge_port, f"{path}{seen[-1]}", reset=chance.random() < 0.5)
        if event is None:
            break
        seen.append(_sequence(event, "document"))
        state = event["document"]["state"]
        numbers.n += 1
    numbers.measured(free_events=numbers.values.get("free_events", 0) + len(seen) - 1)
    numbers.check(state == "READY", f"document {number}: the last event says {state!r}")
    ordered = seen == sorted(set(seen))
    numbers.check(ordered, f"document {number}: the sequence numbers seen are {seen}")
    again = event_stream.first_event(system.edge_port, f"{path}{seen[-1] - 1}")
    numbers.check(
        _sequence(again, "document") == seen[-1], f"document {number}: the last event does not come again"
    )
