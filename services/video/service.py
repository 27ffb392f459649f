"""One short method for each RPC of VideoService."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from google.api import httpbody_pb2
from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2
from mootion.video.v1 import rendering_service_pb2, video_pb2
from mootion.video.v1 import video_service_pb2 as messages
from mootion.video.v1 import video_service_pb2_grpc as rpc

from mesh import context, pages
from mesh.errors import not_found, precondition
from mesh.ports.blobs import BlobNotFound
from mesh.ports.sql import Reader
from mesh.runtime import Runtime
from mesh.watch import Notifier
from services.video import lifecycle, store
from services.video.plan import TOPIC, topic_hits
from services.video.store import Stored
from services.video.views import count_view

DEFAULT_SECONDS = 75
Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True)
class VideoService(rpc.VideoServiceServicer):
    """Lesson videos of a learner."""

    runtime: Runtime
    notifier: Notifier

    async def CreateVideo(
        self, request: messages.CreateVideoRequest, context_: Context
    ) -> messages.CreateVideoResponse:
        title = await self._title(request)
        video, now = self._queued(request, title), self.runtime.clock.now()
        prefix = f"videos/{now:%Y/%m/%d}/{video.video_id}"
        seconds = request.target_duration.seconds or DEFAULT_SECONDS
        reply, owner = messages.CreateVideoResponse(video=video), context.principal_id()
        job = rendering_service_pb2.PlanVideoJob(video_id=video.video_id, owner_id=owner)
        async with self.runtime.database.transaction() as tx:
            await store.add_video(tx, owner, video, seconds, prefix)
            tx.enqueue(TOPIC, job, key=video.video_id)
            tx.remember(reply)
        return reply

    def _queued(self, request: messages.CreateVideoRequest, title: str) -> video_pb2.Video:
        now = self.runtime.clock.now()
        video = lifecycle.queued(self.runtime.ids.new(), title, request.document_id, request.topic, now)
        video.resolution = request.resolution or video_pb2.RESOLUTION_480P
        video.tags.extend(dict.fromkeys(request.tags))
        return video

    async def _title(self, request: messages.CreateVideoRequest) -> str:
        """A title until the script has one; refuses what cannot become a video."""
        if request.document_id:
            documents = self.runtime.channels.stub(DocumentServiceStub, "document")
            asked = document_service_pb2.GetDocumentRequest(document_id=request.document_id)
            document = (await documents.GetDocument(asked)).document
            _require_ready(document)
            return request.topic or document.title
        if not await topic_hits(self.runtime, request.topic):
            raise precondition(
                reason_pb2.REASON_TOPIC_NOT_IN_LIBRARY,
                f"None of your documents says anything on {request.topic!r}. Upload one that does, "
                "or choose another topic.",
            )
        return request.topic

    async def GetVideo(
        self, request: messages.GetVideoRequest, context_: Context
    ) -> messages.GetVideoResponse:
        return messages.GetVideoResponse(video=(await self._read(request.video_id)).video)

    async def ListVideos(
        self, request: messages.ListVideosRequest, context_: Context
    ) -> messages.ListVideosResponse:
        size = pages.page_size(request.page_size, default=20, most=100)
        after, owner = pages.decode(request, int, str), context.principal_id()
        filters = store.Filters(request.document_id, request.tag, request.include_archived)
        async with self.runtime.database.reading(may_lag=after is not None) as reader:
            found = await store.list_videos(reader, owner, filters, after, size + 1)
        token = ""
        if len(found) > size:
            last = found[size - 1]
            token = pages.encode(request, last.create_time.ToMicroseconds(), last.video_id)
        return messages.ListVideosResponse(videos=found[:size], next_page_token=token)

    async def WatchVideo(
        self, request: messages.WatchVideoRequest, context_: Context
    ) -> AsyncIterator[messages.WatchVideoResponse]:
        async def read() -> video_pb2.Video:
            return (await self._read(request.video_id)).video

        changes = self.notifier.watch(
            request.video_id,
            read=read,
            sequence=lambda video: video.sequence,
            after=request.after_sequence,
            finished=lifecycle.finished,
        )
        async for video in changes:
            yield messages.WatchVideoResponse(video=video)

    async def CancelVideo(
        self, request: messages.CancelVideoRequest, context_: Context
    ) -> messages.CancelVideoResponse:
        async with self.runtime.database.transaction() as tx:
            video = (await _find(tx, request.video_id)).video
            lifecycle.cancelled(video, self.runtime.clock.now())
            await store.save(tx, video)
        self.notifier.notify(request.video_id)
        return messages.CancelVideoResponse(video=video)

    async def UpdateVideo(
        self, request: messages.UpdateVideoRequest, context_: Context
    ) -> messages.UpdateVideoResponse:
        async with self.runtime.database.transaction() as tx:
            stored = await _find(tx, request.video_id)
            video, now = stored.video, self.runtime.clock.now()
            if request.HasField("archived"):
                lifecycle.archived(video, request.archived, now)
            if request.HasField("tags"):
                video.tags[:] = list(dict.fromkeys(request.tags.tags))
                lifecycle.touch(video, now)
                await store.save_tags(tx, video)
            await store.save(tx, video)
            changed = event_pb2.VideoChanged(video_id=video.video_id)
            tx.publish(event_pb2.Event(owner_id=stored.owner_id, video_changed=changed))
        self.notifier.notify(request.video_id)
        return messages.UpdateVideoResponse(video=video)

    async def DeleteVideo(
        self, request: messages.DeleteVideoRequest, context_: Context
    ) -> messages.DeleteVideoResponse:
        async with self.runtime.database.transaction() as tx:
            stored = await _find(tx, request.video_id)
            await store.remove(tx, request.video_id)
            deleted = event_pb2.VideoDeleted(video_id=request.video_id, blob_prefix=stored.blob_prefix)
            tx.publish(event_pb2.Event(owner_id=stored.owner_id, video_deleted=deleted))
        self.notifier.notify(request.video_id)
        return messages.DeleteVideoResponse()

    async def GetVideoScript(
        self, request: messages.GetVideoScriptRequest, context_: Context
    ) -> messages.GetVideoScriptResponse:
        async with self.runtime.database.reading() as reader:
            await _find(reader, request.video_id)
            script = await store.find_script(reader, request.video_id)
        if script is None:
            message = "The script is not written yet. Watch the video and come back when it is PROCESSING."
            raise precondition(reason_pb2.REASON_VIDEO_NOT_COMPLETED, message)
        return messages.GetVideoScriptResponse(script=script)

    async def GetVideoContent(
        self, request: messages.GetVideoContentRequest, context_: Context
    ) -> AsyncIterator[messages.GetVideoContentResponse]:
        key = await self._file(request.video_id, ".mp4")
        if request.offset == 0:
            await count_view(self.runtime, request.video_id)
        with _deleted_meanwhile(request.video_id):
            async for chunk in self.runtime.blobs.stream(key, request.offset, request.length or None):
                content = httpbody_pb2.HttpBody(content_type="video/mp4", data=chunk)
                yield messages.GetVideoContentResponse(content=content)

    async def GetVideoCaptions(
        self, request: messages.GetVideoCaptionsRequest, context_: Context
    ) -> messages.GetVideoCaptionsResponse:
        data = await self._bytes(request.video_id, ".vtt")
        body = httpbody_pb2.HttpBody(content_type="text/vtt; charset=utf-8", data=data)
        return messages.GetVideoCaptionsResponse(captions=body)

    async def GetVideoThumbnail(
        self, request: messages.GetVideoThumbnailRequest, context_: Context
    ) -> messages.GetVideoThumbnailResponse:
        data = await self._bytes(request.video_id, ".png")
        body = httpbody_pb2.HttpBody(content_type="image/png", data=data)
        return messages.GetVideoThumbnailResponse(thumbnail=body)

    async def _bytes(self, video_id: str, suffix: str) -> bytes:
        key = await self._file(video_id, suffix)
        with _deleted_meanwhile(video_id):
            return await self.runtime.blobs.read(key)

    async def _file(self, video_id: str, suffix: str) -> str:
        """Key of a finished file."""
        stored = await self._read(video_id)
        lifecycle.require_completed(stored.video)
        return stored.blob_prefix + suffix

    async def _read(self, video_id: str) -> Stored:
        async with self.runtime.database.reading() as reader:
            return await _find(reader, video_id)


@contextmanager
def _deleted_meanwhile(video_id: str) -> Iterator[None]:
    """A file that is gone belongs to a video that was deleted after it was looked up."""
    try:
        yield
    except BlobNotFound:
        raise not_found("video", video_id) from None


async def _find(reader: Reader, video_id: str) -> Stored:
    stored = await store.find(reader, video_id, context.principal_id())
    if stored is None:
        raise not_found("video", video_id)
    return stored


def _require_ready(document: document_pb2.Document) -> None:
    if document.state != document_pb2.READY:
        message = f"Document {document.document_id!r} is not READY. Watch it and create the video then."
        raise precondition(reason_pb2.REASON_DOCUMENT_NOT_READY, message)
