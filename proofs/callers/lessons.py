"""Lesson videos whose scripts are written already, in a real video service, for workers to render."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mootion.event.v1 import event_pb2
from mootion.video.v1 import script_pb2, video_pb2
from sqlalchemy import select

from mesh.config import Settings
from mesh.ports.sql import Reader
from mesh.ports.tables import outbox, queue_jobs
from mesh.runtime import Runtime
from mesh.service import Build
from mesh.testing import Running, running
from services.video import lifecycle, store
from services.video.plan import SCENE_TOPIC

OWNER = "ada"
ENDED = (video_pb2.COMPLETED, video_pb2.FAILED)


@asynccontextmanager
async def served(settings: Settings, *builds: Build) -> AsyncIterator[Running]:
    """Services on the stores of these settings, in this process, until the block ends; they log to a file."""
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    with (settings.log_dir / "services.log").open("a") as log:
        async with running(*builds, log=log, **vars(settings)) as found:
            yield found


def lesson(title: str, scenes: int = 1) -> script_pb2.LessonScript:
    """A script whose scenes are like no other's, so that none is found rendered already."""
    made = [
        script_pb2.Scene(
            scene_id=f"s{number}",
            title=f"{title}, scene {number}",
            narration=[f"This is {title}."],
            bullets=script_pb2.BulletsContent(points=[f"About {title}"]),
        )
        for number in range(scenes)
    ]
    return script_pb2.LessonScript(title=title, scenes=made, language="en")


async def add_lesson(runtime: Runtime, script: script_pb2.LessonScript, owner: str = OWNER) -> str:
    """Stores a planned video with its scene jobs, as the planner does; returns its id."""
    now = runtime.clock.now()
    video = lifecycle.queued(runtime.ids.new(), script.title, "", script.title, now)
    video.resolution = video_pb2.RESOLUTION_480P
    lifecycle.planned(video, script, now)
    async with runtime.database.transaction() as tx:
        await store.add_video(tx, owner, video, 30, f"videos/{video.video_id}")
        await store.save(tx, video, script=script.SerializeToString())
        await store.add_scenes(tx, video.video_id, len(script.scenes))
        for job in lifecycle.scene_jobs(video, script):
            tx.enqueue(SCENE_TOPIC, job, key=f"{video.video_id}:{job.scene_index}")
    return video.video_id


async def add_lessons(runtime: Runtime, titles: Sequence[str]) -> dict[str, str]:
    """A video of one scene for each title; gives their ids by title."""
    return {title: await add_lesson(runtime, lesson(title)) for title in titles}


@dataclass(frozen=True)
class Made:
    """What there is of a set of videos."""

    states: Counter[str]
    completed: Sequence[str]
    failures: dict[str, str]
    events: Sequence[str]
    artefacts: Sequence[str]


async def videos(runtime: Runtime) -> list[video_pb2.Video]:
    """All videos of the database."""
    async with runtime.database.reading() as reader:
        bodies = (await reader.execute(select(store.videos.c.body))).scalars().all()
    return [video_pb2.Video.FromString(body) for body in bodies]


async def all_ended(runtime: Runtime, seconds: float) -> bool:
    """Waits until no video is being made; False after so many seconds."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + seconds
    while loop.time() < give_up:
        if all(video.state in ENDED for video in await videos(runtime)):
            return True
        await asyncio.sleep(0.1)
    return False


async def made(runtime: Runtime) -> Made:
    """Videos by state, the completion events, and which videos have exactly their three files."""
    found = await videos(runtime)
    keys = [key async for key in runtime.blobs.list("videos/")]
    suffixes: dict[str, list[str]] = {}
    for key in keys:
        video_id, _, suffix = key.removeprefix("videos/").partition(".")
        suffixes.setdefault(video_id, []).append(suffix)
    async with runtime.database.reading() as reader:
        events = await _completions(reader)
    return Made(
        states=Counter(video_pb2.VideoState.Name(video.state) for video in found),
        completed=[video.video_id for video in found if video.state == video_pb2.COMPLETED],
        failures={video.video_id: video.failure.reason for video in found if video.state == video_pb2.FAILED},
        events=events,
        artefacts=[name for name, parts in suffixes.items() if sorted(parts) == ["mp4", "png", "vtt"]],
    )


async def _completions(reader: Reader) -> list[str]:
    bodies = (await reader.execute(select(outbox.c.body))).scalars().all()
    events = [event_pb2.Event.FromString(body) for body in bodies]
    return [
        event.video_completed.video_id for event in events if event.WhichOneof("payload") == "video_completed"
    ]


async def tokens(runtime: Runtime, topic: str) -> dict[str, int]:
    """How often each job of a topic was leased, by key."""
    statement = select(queue_jobs.c.key, queue_jobs.c.token).where(queue_jobs.c.topic == topic)
    async with runtime.database.reading() as reader:
        return {row.key: row.token for row in (await reader.execute(statement)).all()}
