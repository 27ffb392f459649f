"""One short method for each RPC of VideoRenderingService: what render workers report back."""

from dataclasses import dataclass

import grpc
from mootion.event.v1 import event_pb2
from mootion.video.v1 import rendering_service_pb2 as messages
from mootion.video.v1 import rendering_service_pb2_grpc as rpc
from mootion.video.v1 import video_pb2

from mesh.errors import not_found
from mesh.ports.sql import Transaction
from mesh.runtime import Runtime
from mesh.watch import Notifier
from services.video import lifecycle, store
from services.video.store import Stored

STITCH_TOPIC = "video.stitch"
# Finishing a started lesson comes before starting another.
STITCH_PRIORITY = 5
Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True)
class VideoRenderingService(rpc.VideoRenderingServiceServicer):
    """Reports of render workers. A finished video or scene is never changed by a report."""

    runtime: Runtime
    notifier: Notifier

    async def StartScene(
        self, request: messages.StartSceneRequest, context_: Context
    ) -> messages.StartSceneResponse:
        async with self.runtime.database.transaction() as tx:
            stored = await store.find(tx, request.video_id)
            if stored is None or lifecycle.finished(stored.video):
                return messages.StartSceneResponse(cancelled=True)
            await _refuse_stale(tx, request.video_id, request.scene_index, request.lease_token)
            await store.save_scene(tx, request.video_id, request.scene_index, request.lease_token)
            lifecycle.scene_started(stored.video, request.scene_index, self.runtime.clock.now())
            await store.save(tx, stored.video)
        self.notifier.notify(request.video_id)
        return messages.StartSceneResponse()

    async def CompleteScene(
        self, request: messages.CompleteSceneRequest, context_: Context
    ) -> messages.CompleteSceneResponse:
        async with self.runtime.database.transaction() as tx:
            stored = await _find(tx, request.video_id)
            await _refuse_stale(tx, request.video_id, request.scene_index, request.lease_token)
            rendered = stored.video.scenes[request.scene_index].state == video_pb2.RENDERED
            if not rendered and not lifecycle.finished(stored.video):
                await self._complete_scene(tx, stored, request)
        self.notifier.notify(request.video_id)
        return messages.CompleteSceneResponse()

    async def _complete_scene(
        self, tx: Transaction, stored: Stored, request: messages.CompleteSceneRequest
    ) -> None:
        video = stored.video
        await store.save_scene(tx, video.video_id, request.scene_index, request.lease_token, request.scene)
        lifecycle.scene_rendered(video, request.scene_index, self.runtime.clock.now())
        await store.save(tx, video)
        if lifecycle.all_rendered(video):
            parts = await store.rendered_scenes(tx, video.video_id)
            job = messages.StitchVideoJob(
                video_id=video.video_id, title=video.title, scenes=parts, blob_prefix=stored.blob_prefix
            )
            tx.enqueue(STITCH_TOPIC, job, key=video.video_id, priority=STITCH_PRIORITY)

    async def CompleteVideo(
        self, request: messages.CompleteVideoRequest, context_: Context
    ) -> messages.CompleteVideoResponse:
        async with self.runtime.database.transaction() as tx:
            stored = await _find(tx, request.video_id)
            lifecycle.refuse_stale(request.lease_token, stored.lease_token)
            if not lifecycle.finished(stored.video):
                await self._complete(tx, stored, request)
        self.notifier.notify(request.video_id)
        return messages.CompleteVideoResponse()

    async def _complete(
        self, tx: Transaction, stored: Stored, request: messages.CompleteVideoRequest
    ) -> None:
        video, now = stored.video, self.runtime.clock.now()
        lifecycle.completed(video, request.duration_seconds, request.chapters, request.file, now)
        await store.save(tx, video, lease_token=request.lease_token)
        done = event_pb2.VideoCompleted(video_id=video.video_id, document_id=video.document_id)
        tx.publish(event_pb2.Event(owner_id=stored.owner_id, video_completed=done))

    async def FailVideo(
        self, request: messages.FailVideoRequest, context_: Context
    ) -> messages.FailVideoResponse:
        async with self.runtime.database.transaction() as tx:
            stored = await _find(tx, request.video_id)
            if request.HasField("scene_index"):
                await _refuse_stale(tx, request.video_id, request.scene_index, request.lease_token)
            else:
                lifecycle.refuse_stale(request.lease_token, stored.lease_token)
            if not lifecycle.finished(stored.video):
                lifecycle.failed(stored.video, request.failure, self.runtime.clock.now())
                await store.save(tx, stored.video)
        self.notifier.notify(request.video_id)
        return messages.FailVideoResponse()


async def _find(tx: Transaction, video_id: str) -> Stored:
    stored = await store.find(tx, video_id)
    if stored is None:
        raise not_found("video", video_id)
    return stored


async def _refuse_stale(tx: Transaction, video_id: str, scene_index: int, lease_token: int) -> None:
    seen = await store.scene_lease(tx, video_id, scene_index)
    if seen is None:
        raise not_found("scene", f"{video_id}:{scene_index}")
    lifecycle.refuse_stale(lease_token, seen)
