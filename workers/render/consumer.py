"""Takes scenes and finished lessons from the queues `video.scene` and `video.stitch`, and reports to the service."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mootion.document.v1 import document_pb2
from mootion.errors.v1 import reason_pb2
from mootion.video.v1 import rendering_service_pb2 as messages
from mootion.video.v1.rendering_service_pb2_grpc import VideoRenderingServiceStub

from mesh.errors import CallError, reason_name
from mesh.ports.blobs import BlobNotFound
from mesh.ports.queue import Lease
from mesh.runtime import Runtime
from workers.render.errors import SceneError
from workers.render.part import RenderedPart, part_from_message, scene_key
from workers.render.scene import render_scene
from workers.render.stitch import Stitched, stitch

if TYPE_CHECKING:
    from mootion.video.v1.rendering_service_pb2_grpc import VideoRenderingServiceAsyncStub

SCENE_TOPIC = "video.scene"
STITCH_TOPIC = "video.stitch"
# Answers that mean the work is wanted no more: another worker has it, or the video is gone.
UNWANTED = (reason_pb2.REASON_STALE_LEASE, reason_pb2.REASON_NOT_FOUND)
BROKEN = "A part of this video could not be rendered after several attempts. Create the video again later."


@dataclass(frozen=True)
class RenderConsumer:
    """Renders and stitches, one job at a time. Parts are stored under a key made from their content, so that a
    repeat, or an equal scene of another video, finds its part done."""

    runtime: Runtime
    workspace: Path

    async def handle_scene(self, lease: Lease) -> None:
        """Renders one scene."""
        job = messages.RenderSceneJob.FromString(lease.body)
        if not await self._start(job, lease):
            return
        key = f"scenes/{scene_key(job.scene, job.resolution, job.language)}"
        try:
            rendered = await self._cached(key) or await self._render(job, key)
        except SceneError as error:
            await self._fail_scene(job, lease, reason_name(error.reason), error.message)
            return
        await self._complete_scene(job, lease, rendered)

    async def on_dead_scene(self, lease: Lease, reason: str) -> None:
        """Fails a video whose scene ended its worker at every attempt."""
        job = messages.RenderSceneJob.FromString(lease.body)
        await self._fail_scene(job, lease, "RENDER_FAILED", BROKEN)

    async def handle_stitch(self, lease: Lease) -> None:
        """Joins the rendered scenes into the finished files."""
        job = messages.StitchVideoJob.FromString(lease.body)
        with self._folder() as folder:
            lesson = await self._stitch(job, Path(folder))
            for suffix, path in _files(lesson):
                await self.runtime.blobs.put_file(job.blob_prefix + suffix, path)
        await self._complete_video(job, lease, lesson)

    async def on_dead_stitch(self, lease: Lease, reason: str) -> None:
        """Fails a video that could not be joined."""
        job = messages.StitchVideoJob.FromString(lease.body)
        failure = document_pb2.Failure(reason="RENDER_FAILED", message=BROKEN)
        await self._fail(
            messages.FailVideoRequest(video_id=job.video_id, lease_token=lease.token, failure=failure)
        )

    def _folder(self) -> "tempfile.TemporaryDirectory[str]":
        """For one job. What a job that was cancelled still writes stays until the workspace is removed."""
        return tempfile.TemporaryDirectory(dir=self.workspace, ignore_cleanup_errors=True)

    def _service(self) -> "VideoRenderingServiceAsyncStub":
        return self.runtime.channels.stub(VideoRenderingServiceStub, "video")

    async def _start(self, job: messages.RenderSceneJob, lease: Lease) -> bool:
        """Says that the scene is worked on; False where that is wanted no more."""
        request = messages.StartSceneRequest(
            video_id=job.video_id, scene_index=job.scene_index, lease_token=lease.token
        )
        try:
            return not (await self._service().StartScene(request)).cancelled
        except CallError as error:
            if error.reason not in UNWANTED:
                raise
            return False

    async def _cached(self, key: str) -> messages.RenderedScene | None:
        """What was rendered before from the same content."""
        try:
            facts = messages.RenderedScene.FromString(await self.runtime.blobs.read(f"{key}.pb"))
        except BlobNotFound:
            return None
        facts.from_cache = True
        return facts if await self.runtime.blobs.exists(facts.blob_key) else None

    async def _render(self, job: messages.RenderSceneJob, key: str) -> messages.RenderedScene:
        """Renders a scene and stores its part first, then the facts that make it count as cached."""
        with self._folder() as folder:
            part = await asyncio.to_thread(
                render_scene, job.scene, job.resolution, job.language, Path(folder)
            )
            facts = part.message(f"{key}.mp4")
            await self.runtime.blobs.put_file(facts.blob_key, part.path)
        await self.runtime.blobs.put(f"{key}.pb", _once(facts.SerializeToString()))
        return facts

    async def _complete_scene(
        self, job: messages.RenderSceneJob, lease: Lease, rendered: messages.RenderedScene
    ) -> None:
        request = messages.CompleteSceneRequest(
            video_id=job.video_id,
            scene_index=job.scene_index,
            lease_token=lease.token,
            scene=rendered,
        )
        # A cached part carries the identifier and title of the scene it was first made for.
        request.scene.scene_id, request.scene.title = job.scene.scene_id, job.scene.title
        try:
            await self._service().CompleteScene(request)
        except CallError as error:
            if error.reason not in UNWANTED:
                raise

    async def _stitch(self, job: messages.StitchVideoJob, folder: Path) -> Stitched:
        async with AsyncExitStack() as stack:
            parts: list[RenderedPart] = []
            for scene in job.scenes:
                path = await stack.enter_async_context(self.runtime.blobs.local_file(scene.blob_key))
                parts.append(part_from_message(scene, path))
            return await asyncio.to_thread(stitch, parts, job.title, folder)

    async def _complete_video(self, job: messages.StitchVideoJob, lease: Lease, lesson: Stitched) -> None:
        request = messages.CompleteVideoRequest(
            video_id=job.video_id,
            lease_token=lease.token,
            duration_seconds=lesson.duration_seconds,
            chapters=lesson.chapters,
            file=lesson.file,
            content_key=f"{job.blob_prefix}.mp4",
            captions_key=f"{job.blob_prefix}.vtt",
            thumbnail_key=f"{job.blob_prefix}.png",
        )
        try:
            await self._service().CompleteVideo(request)
        except CallError as error:
            if error.reason == reason_pb2.REASON_NOT_FOUND:
                await self.runtime.blobs.delete_prefix(f"{job.blob_prefix}.")
            elif error.reason not in UNWANTED:
                raise

    async def _fail_scene(
        self, job: messages.RenderSceneJob, lease: Lease, reason: str, message: str
    ) -> None:
        await self._fail(
            messages.FailVideoRequest(
                video_id=job.video_id,
                scene_index=job.scene_index,
                lease_token=lease.token,
                failure=document_pb2.Failure(reason=reason, message=message),
            )
        )

    async def _fail(self, request: messages.FailVideoRequest) -> None:
        try:
            await self._service().FailVideo(request)
        except CallError as error:
            if error.reason not in UNWANTED:
                raise


def _files(lesson: Stitched) -> Sequence[tuple[str, Path]]:
    return [(".mp4", lesson.video), (".vtt", lesson.captions), (".png", lesson.thumbnail)]


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
