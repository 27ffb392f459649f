"""A lesson of three scenes, and a render worker that only says that it rendered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from mootion.llm.v1 import llm_service_pb2, task_pb2
from mootion.video.v1 import rendering_service_pb2 as rendering
from mootion.video.v1 import script_pb2, video_pb2
from mootion.video.v1 import video_service_pb2 as messages
from mootion.video.v1.rendering_service_pb2_grpc import VideoRenderingServiceStub
from mootion.video.v1.video_service_pb2_grpc import VideoServiceStub

from mesh.testing import Running
from tests.integration.document.scripted_llm import Reply

if TYPE_CHECKING:
    from mootion.video.v1.rendering_service_pb2_grpc import VideoRenderingServiceAsyncStub
    from mootion.video.v1.video_service_pb2_grpc import VideoServiceAsyncStub

MP4 = bytes(range(256)) * 8
FILE = video_pb2.VideoFile(width=854, height=480, size_bytes=len(MP4), content_hash="c0ffee")
SCRIPT = script_pb2.LessonScript(
    title="Waves in a minute",
    scenes=[
        script_pb2.Scene(scene_id=f"s{number}", title=f"Scene {number}", narration=[f"Line {number}."])
        for number in range(3)
    ],
    language="en",
)
REPLIES: dict[str, Reply] = {
    "WriteScript": llm_service_pb2.WriteScriptResponse(
        script=SCRIPT, engine=task_pb2.EngineInfo(engine="scripted", model="m1")
    )
}


def videos(running: Running, principal: str = "tester") -> VideoServiceAsyncStub:
    """A learner's client of the video service."""
    return running.stub(VideoServiceStub, "video", principal=principal)


def renderer(running: Running) -> VideoRenderingServiceAsyncStub:
    """A render worker's client."""
    return running.stub(VideoRenderingServiceStub, "video", principal=None, caller="render-worker")


async def get(running: Running, video_id: str, principal: str = "tester") -> video_pb2.Video:
    """The video as it stands."""
    request = messages.GetVideoRequest(video_id=video_id)
    return (await videos(running, principal).GetVideo(request)).video


async def planned(running: Running, document_id: str, principal: str = "tester") -> video_pb2.Video:
    """A new video whose script is written."""
    request = messages.CreateVideoRequest(document_id=document_id)
    video_id = (await videos(running, principal).CreateVideo(request)).video.video_id
    async for reply in videos(running, principal).WatchVideo(messages.WatchVideoRequest(video_id=video_id)):
        if reply.video.state != video_pb2.QUEUED:
            return reply.video
    raise AssertionError("the watch ended before the video was planned")


async def start_scene(running: Running, video_id: str, index: int, token: int = 1) -> bool:
    """False where the scene is wanted no more."""
    request = rendering.StartSceneRequest(video_id=video_id, scene_index=index, lease_token=token)
    return not (await renderer(running).StartScene(request)).cancelled


async def complete_scene(running: Running, video_id: str, index: int, token: int = 1) -> None:
    """Says that a scene is rendered."""
    scene = rendering.RenderedScene(scene_id=f"s{index}", blob_key=f"scenes/{index}.mp4", duration_seconds=2)
    request = rendering.CompleteSceneRequest(
        video_id=video_id, scene_index=index, lease_token=token, scene=scene
    )
    await renderer(running).CompleteScene(request)


async def complete_video(running: Running, video_id: str, prefix: str, token: int = 1) -> None:
    """Says that the video is joined."""
    request = rendering.CompleteVideoRequest(
        video_id=video_id,
        lease_token=token,
        duration_seconds=6,
        file=FILE,
        content_key=f"{prefix}.mp4",
        captions_key=f"{prefix}.vtt",
        thumbnail_key=f"{prefix}.png",
    )
    await renderer(running).CompleteVideo(request)


async def completed(running: Running, document_id: str, principal: str = "tester") -> video_pb2.Video:
    """A video that can be played; its bytes are `MP4`."""
    video_id = (await planned(running, document_id, principal)).video_id
    for index in range(len(SCRIPT.scenes)):
        await start_scene(running, video_id, index)
        await complete_scene(running, video_id, index)
    job = await stitch_job(running)
    for suffix, data in ((".mp4", MP4), (".vtt", b"WEBVTT\n"), (".png", b"\x89PNG")):
        await running.runtime.blobs.put(job.blob_prefix + suffix, _once(data))
    await complete_video(running, video_id, job.blob_prefix)
    return await get(running, video_id, principal)


async def stitch_job(running: Running) -> rendering.StitchVideoJob:
    """Takes the next stitch job from the queue."""
    lease = await running.runtime.queue.lease("video.stitch", wait_seconds=5)
    assert lease is not None
    await lease.acknowledge()
    return rendering.StitchVideoJob.FromString(lease.body)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
