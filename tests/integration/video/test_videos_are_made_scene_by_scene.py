"""From a plan to a video: every job queued once, whatever order, repeats and late workers there are."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.errors.v1 import reason_pb2
from mootion.llm.v1 import llm_service_pb2
from mootion.video.v1 import rendering_service_pb2 as rendering
from mootion.video.v1 import script_pb2, video_pb2
from mootion.video.v1 import video_service_pb2 as messages

from mesh.errors import CallError, not_found
from mesh.testing import Running, running
from mesh.watch import Notifier
from services.document.__main__ import build as documents
from services.video import plan
from services.video.__main__ import build
from services.video.service import VideoService
from tests.integration.document.library import library, ready, uploaded
from tests.integration.document.refusals import reason_of, refused
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.document.waiting import until
from tests.integration.video.lessons import (
    REPLIES,
    SCRIPT,
    complete_scene,
    complete_video,
    completed,
    get,
    planned,
    renderer,
    start_scene,
    stitch_job,
    videos,
)

SCENES = len(SCRIPT.scenes)


@pytest.fixture
def llm() -> ScriptedLlm:
    return ScriptedLlm(dict(REPLIES))


@pytest.fixture
async def served(llm: ScriptedLlm) -> AsyncIterator[Running]:
    async with running(documents, build, llm.build) as found:
        yield found


@pytest.fixture
async def video_id(served: Running) -> str:
    return (await planned(served, (await ready(served)).document_id)).video_id


async def depth(served: Running, topic: str) -> int:
    return await served.runtime.queue.depth(topic)


async def cancel(served: Running, video_id: str) -> video_pb2.Video:
    return (await videos(served).CancelVideo(messages.CancelVideoRequest(video_id=video_id))).video


async def test_a_plan_queues_one_job_for_each_scene(served: Running, video_id: str) -> None:
    video = await get(served, video_id)
    assert (video.state, video.title, video.model) == (video_pb2.PROCESSING, SCRIPT.title, "m1")
    assert await depth(served, "video.scene") == SCENES
    leases = [await served.runtime.queue.lease("video.scene", wait_seconds=1) for _ in range(SCENES)]
    jobs = [rendering.RenderSceneJob.FromString(lease.body) for lease in leases if lease is not None]
    assert [(job.scene_index, job.scene_count) for job in jobs] == [(n, SCENES) for n in range(SCENES)]
    assert [job.scene for job in jobs] == list(SCRIPT.scenes)


async def test_a_repeated_plan_job_queues_and_asks_nothing(
    served: Running, llm: ScriptedLlm, video_id: str
) -> None:
    before, asked = await get(served, video_id), len(llm.requests)
    job = rendering.PlanVideoJob(video_id=video_id, owner_id="tester")
    await served.runtime.queue.publish("repeat", video_id, job.SerializeToString())
    lease = await served.runtime.queue.lease("repeat", wait_seconds=1)
    assert lease is not None
    await plan.Planner(served.runtime, Notifier()).handle(lease)
    assert (await get(served, video_id), len(llm.requests)) == (before, asked)
    assert await depth(served, "video.scene") == SCENES


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (2, 1, 0)])
async def test_the_last_scene_queues_one_stitch_in_the_scenes_order(
    served: Running, video_id: str, order: tuple[int, ...]
) -> None:
    for index in order:
        assert await depth(served, "video.stitch") == 0
        assert await start_scene(served, video_id, index)
        await complete_scene(served, video_id, index)
    assert await depth(served, "video.stitch") == 1
    assert [scene.scene_id for scene in (await stitch_job(served)).scenes] == ["s0", "s1", "s2"]


async def test_scenes_completed_at_once_queue_one_stitch(served: Running, video_id: str) -> None:
    await asyncio.gather(*(complete_scene(served, video_id, index) for index in range(SCENES)))
    assert await depth(served, "video.stitch") == 1


async def test_a_repeated_completion_changes_nothing(served: Running, video_id: str) -> None:
    for index in range(SCENES):
        await complete_scene(served, video_id, index)
    before = await get(served, video_id)
    for index in range(SCENES):
        await complete_scene(served, video_id, index, token=2)
    assert (await get(served, video_id), await depth(served, "video.stitch")) == (before, 1)


async def test_a_late_worker_of_a_scene_is_refused(served: Running, video_id: str) -> None:
    await start_scene(served, video_id, 1, token=3)
    assert await reason_of(start_scene(served, video_id, 1, token=2)) == "STALE_LEASE"
    assert await reason_of(complete_scene(served, video_id, 1, token=2)) == "STALE_LEASE"
    assert (await get(served, video_id)).scenes[1].state == video_pb2.RENDERING
    await complete_scene(served, video_id, 1, token=3)
    assert (await get(served, video_id)).scenes[1].state == video_pb2.RENDERED


async def test_a_scene_that_is_not_in_the_script_is_missing(served: Running, video_id: str) -> None:
    assert await reason_of(start_scene(served, video_id, SCENES)) == "NOT_FOUND"
    assert await reason_of(complete_scene(served, video_id, SCENES)) == "NOT_FOUND"


async def test_a_video_is_completed_once(served: Running) -> None:
    video = await completed(served, (await ready(served)).document_id)
    assert (video.state, video.progress_percent, video.duration_seconds) == (video_pb2.COMPLETED, 100, 6)
    await complete_video(served, video.video_id, "elsewhere", token=2)
    assert await get(served, video.video_id) == video
    assert await reason_of(complete_video(served, video.video_id, "elsewhere", token=0)) == "INVALID_FIELD"
    with refused(reason_pb2.REASON_VIDEO_FINISHED):
        await cancel(served, video.video_id)


async def test_a_failed_scene_fails_the_video_and_nothing_revives_it(served: Running, video_id: str) -> None:
    failure = document_pb2.Failure(reason="RENDER_FAILED", message="The plot is no formula.")
    request = rendering.FailVideoRequest(video_id=video_id, lease_token=1, failure=failure)
    await renderer(served).FailVideo(request)
    failed = await get(served, video_id)
    assert (failed.state, failed.failure) == (video_pb2.FAILED, failure)
    assert await start_scene(served, video_id, 0) is False
    await complete_scene(served, video_id, 0)
    await complete_video(served, video_id, "prefix")
    assert await get(served, video_id) == failed


async def test_a_late_worker_of_a_scene_cannot_fail_the_video(served: Running, video_id: str) -> None:
    async def fail(scene_index: int | None, token: int) -> None:
        failure = document_pb2.Failure(reason="RENDER_FAILED", message="The plot is no formula.")
        request = rendering.FailVideoRequest(
            video_id=video_id, scene_index=scene_index, lease_token=token, failure=failure
        )
        await renderer(served).FailVideo(request)

    await start_scene(served, video_id, 1, token=3)
    assert await reason_of(fail(1, 2)) == "STALE_LEASE"
    assert await reason_of(fail(SCENES, 3)) == "NOT_FOUND"
    assert (await get(served, video_id)).state == video_pb2.PROCESSING
    await fail(1, 3)
    assert (await get(served, video_id)).state == video_pb2.FAILED


async def test_a_cancelled_video_is_wanted_no_more(served: Running, video_id: str) -> None:
    cancelled = await cancel(served, video_id)
    assert cancelled.failure.reason == "CANCELLED"
    assert await cancel(served, video_id) == cancelled
    assert await start_scene(served, video_id, 0) is False
    for index in range(SCENES):
        await complete_scene(served, video_id, index)
    assert await depth(served, "video.stitch") == 0
    assert await get(served, video_id) == cancelled


async def test_a_video_cancelled_while_its_script_is_written_gets_no_scenes(
    served: Running, llm: ScriptedLlm
) -> None:
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: object) -> object:
        writing.set()
        await go_on.wait()
        return REPLIES["WriteScript"]

    llm.replies["WriteScript"] = slow
    request = messages.CreateVideoRequest(document_id=(await ready(served)).document_id)
    video_id = (await videos(served).CreateVideo(request)).video.video_id
    await writing.wait()
    await cancel(served, video_id)
    go_on.set()

    async def settled() -> bool:
        return await depth(served, "video.plan") == 0

    await until(settled)
    video = await get(served, video_id)
    assert (video.failure.reason, len(video.scenes)) == ("CANCELLED", 0)
    assert await depth(served, "video.scene") == 0


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (
            lambda _: llm_service_pb2.WriteScriptResponse(script=script_pb2.LessonScript()),
            "TOO_LITTLE_CONTENT",
        ),
        (lambda _: _raise(not_found("page", "p")), "NOT_FOUND"),
    ],
    ids=["a script without scenes", "a refusal for good"],
)
async def test_a_script_that_cannot_be_written_fails_the_video_at_once(
    served: Running, llm: ScriptedLlm, reply: object, reason: str
) -> None:
    llm.replies["WriteScript"] = reply  # type: ignore[assignment]
    video = await planned(served, (await ready(served)).document_id)
    assert (video.state, video.failure.reason) == (video_pb2.FAILED, reason)
    assert len(llm.requests) == 1


def _raise(error: CallError) -> None:
    raise error


async def test_a_document_that_is_not_ready_or_is_gone_makes_no_video(served: Running) -> None:
    waiting = messages.CreateVideoRequest(document_id=(await uploaded(served)).document_id)
    assert await reason_of(videos(served).CreateVideo(waiting)) == "DOCUMENT_NOT_READY"
    missing = messages.CreateVideoRequest(document_id="nowhere")
    assert await reason_of(videos(served).CreateVideo(missing)) == "NOT_FOUND"
    assert await depth(served, "video.plan") == 0


async def test_a_repeat_with_the_same_request_id_is_the_same_video(served: Running) -> None:
    document_id = (await ready(served)).document_id
    request = messages.CreateVideoRequest(document_id=document_id, request_id="once")
    replies = await asyncio.gather(*(videos(served).CreateVideo(request) for _ in range(3)))
    assert len({reply.video.video_id for reply in replies}) == 1


async def test_a_deleted_document_takes_its_videos_and_their_files_along(served: Running) -> None:
    document_id = (await ready(served)).document_id
    video = await completed(served, document_id)
    making = await planned(served, document_id)
    request = document_service_pb2.DeleteDocumentRequest(document_id=document_id)
    await library(served).DeleteDocument(request)
    for _ in range(2):  # the deletion of a video is an event of its own, published by the first
        assert await served.runtime.events.wait_until_handled("video", 60)
    for video_id in (video.video_id, making.video_id):
        assert await reason_of(get(served, video_id)) == "NOT_FOUND"
    assert [key async for key in served.runtime.blobs.list("videos/")] == []
    assert await start_scene(served, making.video_id, 0) is False


async def test_a_document_deleted_while_a_video_of_it_is_asked_for_leaves_no_video(
    served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id, looked_up = (await ready(served)).document_id, VideoService._title

    async def title(service: VideoService, request: messages.CreateVideoRequest) -> str:
        found = await looked_up(service, request)
        await library(served).DeleteDocument(
            document_service_pb2.DeleteDocumentRequest(document_id=document_id)
        )
        assert await served.runtime.events.wait_until_handled("video", 60)
        return found

    monkeypatch.setattr(VideoService, "_title", title)
    request = messages.CreateVideoRequest(document_id=document_id)
    await videos(served).CreateVideo(request)

    async def planned_or_not() -> bool:
        return await depth(served, "video.plan") == 0

    await until(planned_or_not)
    assert not (await videos(served).ListVideos(messages.ListVideosRequest())).videos


async def test_a_watcher_sees_the_making_to_its_end(served: Running, video_id: str) -> None:
    states: list[tuple[int, int]] = []

    async def watch() -> None:
        async for reply in videos(served).WatchVideo(messages.WatchVideoRequest(video_id=video_id)):
            states.append((reply.video.sequence, reply.video.progress_percent))

    watching = asyncio.create_task(watch())
    for index in range(SCENES):
        await complete_scene(served, video_id, index)
    await complete_video(served, video_id, (await stitch_job(served)).blob_prefix)
    await asyncio.wait_for(watching, 60)
    assert states == sorted(set(states))
    assert states[-1][1] == 100
