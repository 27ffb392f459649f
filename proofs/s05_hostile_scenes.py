"""Hostile scene lists are refused by their cost before anything is rendered, and none of their texts is obeyed."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from mootion.llm.v1 import llm_service_pb2
from mootion.video.v1 import script_pb2, video_pb2, video_service_pb2

from mesh.config import Settings
from mesh.errors import CallError
from mesh.testing import Running
from proofs.attacks import hostile_lessons
from proofs.callers import lessons
from proofs.faults.worker_group import WorkerGroup
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from services.document.__main__ import build as documents
from services.video.__main__ import build as videos_build
from tests.integration.document.library import ready
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.video.lessons import videos

TOO_COSTLY = "SCENE_TOO_COSTLY"
PLANNED_SECONDS = 60.0
WORKED_SECONDS = 240.0
RENDERED_SECONDS = 400.0
# A refusal reads the texts of a scene once: what takes longer has begun to work.
REFUSED_SECONDS = 5.0


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """At the planner, which has scripts from an engine; at the worker, as if the planner had let them pass; and
    rendered under an audit hook."""
    numbers = Numbers(0)
    costly = dict(list(hostile_lessons.costly().items())[:: size.of(short=6, long=1)])
    environment = ground.environment(MOOTION_RENDER_WORKERS=0)
    llm = ScriptedLlm()
    settings = Settings.from_environment(environment)
    async with lessons.served(settings, documents, videos_build, llm.build) as served:
        await _at_the_planner(numbers, served, llm, costly)
        await _asked_for(numbers, served)
        await _at_the_worker(numbers, served, environment, costly)
    await asyncio.to_thread(_watched, numbers, ground.folder, size)
    return numbers


async def _at_the_planner(
    numbers: Numbers, served: Running, llm: ScriptedLlm, costly: Mapping[str, script_pb2.LessonScript]
) -> None:
    document_id = (await ready(served)).document_id
    slowest = 0.0
    scripts = {**costly, "long, each scene short": hostile_lessons.long_but_each_short()}
    for name, script in scripts.items():
        llm.replies["WriteScript"] = llm_service_pb2.WriteScriptResponse(script=script)
        began = time.monotonic()
        video = await _ended(served, document_id)
        slowest = max(slowest, time.monotonic() - began)
        reason = video.failure.reason
        numbers.n += 1
        numbers.check(reason == TOO_COSTLY, f"{name}: the planner said {reason or 'nothing'}")
        numbers.check(not video.scenes, f"{name}: scenes were queued")
    numbers.measured(refused_by_planner=len(scripts), slowest_plan_s=slowest)


async def _ended(served: Running, document_id: str) -> video_pb2.Video:
    request = video_service_pb2.CreateVideoRequest(document_id=document_id)
    video = (await videos(served).CreateVideo(request)).video
    give_up = time.monotonic() + PLANNED_SECONDS
    while video.state == video_pb2.QUEUED and time.monotonic() < give_up:
        await asyncio.sleep(0.02)
        get = video_service_pb2.GetVideoRequest(video_id=video.video_id)
        video = (await videos(served).GetVideo(get)).video
    return video


async def _asked_for(numbers: Numbers, served: Running) -> None:
    """A lesson of a billion frames cannot be asked for in the first place."""
    for seconds in (33_333_334, 601, -1):
        request = video_service_pb2.CreateVideoRequest(topic="waves")
        request.target_duration.FromSeconds(seconds)
        refused = await _refusal(served, request)
        numbers.n += 1
        numbers.check(refused == "INVALID_ARGUMENT", f"a lesson of {seconds} s: {refused or 'accepted'}")


async def _refusal(served: Running, request: video_service_pb2.CreateVideoRequest) -> str:
    try:
        await videos(served).CreateVideo(request)
    except CallError as error:
        return error.code.name
    return ""


async def _at_the_worker(
    numbers: Numbers,
    served: Running,
    environment: Mapping[str, str],
    costly: Mapping[str, script_pb2.LessonScript],
) -> None:
    """Real render workers; a good lesson among the others is made."""
    single = {name: script for name, script in costly.items() if len(script.scenes) == 1}
    ids = {name: await lessons.add_lesson(served.runtime, script) for name, script in single.items()}
    good = await lessons.add_lesson(served.runtime, lessons.lesson("a good one"))
    group = WorkerGroup(partial(_worker, environment), _wait)
    await asyncio.to_thread(group.grow, 1)
    began = time.monotonic()
    ended = await lessons.all_ended(served.runtime, WORKED_SECONDS)
    numbers.measured(worker_s=time.monotonic() - began, refused_by_worker=len(single))
    await asyncio.to_thread(group.stop)
    numbers.check(ended, f"the workers were not done after {WORKED_SECONDS:.0f} s")
    found = await lessons.made(served.runtime)
    for name, video_id in ids.items():
        numbers.n += 1
        reason = found.failures.get(video_id, "none")
        numbers.check(reason == TOO_COSTLY, f"{name}: the worker said {reason}")
    numbers.check(good in found.completed, f"the good lesson was not made: {found.failures.get(good)}")
    parts = [key async for key in served.runtime.blobs.list("scenes/") if key.endswith(".mp4")]
    numbers.check(len(parts) == 1, f"{len(parts)} scenes were rendered instead of the good one alone")


def _worker(environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "workers.render"]
    return subprocess.Popen(command, env=dict(environment), start_new_session=True, stderr=subprocess.DEVNULL)


def _wait(process: object) -> None:
    assert isinstance(process, subprocess.Popen)
    process.wait()


def _watched(numbers: Numbers, folder: Path, size: Size) -> None:
    """Texts for interpreters, rendered in a process that tells what they took part in."""
    target, scripts = folder / "obeyed", folder / "scripts"
    target.mkdir()
    scripts.mkdir()
    inert = dict(list(hostile_lessons.inert(str(target)).items())[:: size.of(short=4, long=1)])
    for name, script in inert.items():
        (scripts / f"{name}.pb").write_bytes(script.SerializeToString())
    done = subprocess.run(
        [sys.executable, "-m", "proofs.watching.watched_render", str(scripts)],
        capture_output=True,
        timeout=RENDERED_SECONDS,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    scenes = sum(len(script.scenes) for script in inert.values())
    numbers.n += scenes
    numbers.check(
        len(told) == scenes, f"{len(told)} of {scenes} scenes ended: {done.stderr.decode()[-1000:]}"
    )
    for each in told:
        where = f"{each['name']}, scene {each['scene']}"
        numbers.check(not each["reached"], f"{where} reached {each['reached']}")
    ended = [each["ended"] for each in told]
    numbers.measured(
        watched={name: ended.count(name) for name in sorted(set(ended))},
        slowest_scene_s=max((each["seconds"] for each in told), default=0.0),
    )
    left = [path.name for path in target.iterdir()]
    numbers.check(not left, f"texts were obeyed: {left}")
