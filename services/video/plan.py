"""Has the script of a queued video written and queues its scenes."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import grpc
from google.protobuf import duration_pb2
from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2
from mootion.llm.v1 import llm_service_pb2
from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceStub
from mootion.search.v1 import search_service_pb2
from mootion.search.v1.search_service_pb2_grpc import SearchServiceStub
from mootion.video.v1 import rendering_service_pb2

from mesh import context
from mesh.errors import CallError, precondition, reason_name
from mesh.pages import collect
from mesh.ports.queue import Lease
from mesh.runtime import Runtime
from mesh.watch import Notifier
from services.video import lifecycle, store
from services.video.cost import ScriptGauge
from services.video.store import Stored

TOPIC = "video.plan"
SCENE_TOPIC = "video.scene"
PASSAGES_IN_PAGE = 1000
MOST_PASSAGES_ON_TOPIC = 40
# A passage is on a topic when it has at least this share of the topic's words.
TOPIC_MATCH_PERCENT = 60
SECONDS = 90.0
# What will be the same at every attempt: the video fails at once.
FINAL = (
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.INVALID_ARGUMENT,
)


class DocumentGone(Exception):
    """The document was deleted when the video was not stored yet, so that its deletion did not take the video along."""


@dataclass(frozen=True)
class Planner:
    """Consumes the queue `video.plan`."""

    runtime: Runtime
    notifier: Notifier
    gauge: ScriptGauge = field(default_factory=ScriptGauge)

    async def handle(self, lease: Lease) -> None:
        """Plans one video. A repeat finds it planned and does nothing. One whose document is gone is removed."""
        job = rendering_service_pb2.PlanVideoJob.FromString(lease.body)
        with context.acting_for(job.owner_id, request_id=job.video_id, timeout_seconds=SECONDS):
            async with self.runtime.database.reading() as reader:
                stored = await store.find(reader, job.video_id)
            if stored is None or stored.video.scenes or lifecycle.finished(stored.video):
                return
            try:
                await self._plan(stored)
            except DocumentGone:
                await self._remove(stored)
            except CallError as error:
                if error.code not in FINAL and error.reason != reason_pb2.REASON_QUOTA_EXHAUSTED:
                    raise
                await self.fail(job.video_id, reason_name(error.reason), error.message)

    async def on_dead(self, lease: Lease, reason: str) -> None:
        """Fails a video whose script could not be written after every attempt."""
        job = rendering_service_pb2.PlanVideoJob.FromString(lease.body)
        logging.getLogger(__name__).error("video %s was not planned: %s", job.video_id, reason)
        message = "The script of this video could not be written. Try again in a while."
        await self.fail(job.video_id, "ENGINE_UNAVAILABLE", message)

    async def fail(self, video_id: str, reason: str, message: str) -> None:
        """Makes a video FAILED unless it has ended otherwise."""
        async with self.runtime.database.transaction() as tx:
            stored = await store.find(tx, video_id)
            if stored is None or lifecycle.finished(stored.video):
                return
            failure = document_pb2.Failure(reason=reason, message=message)
            lifecycle.failed(stored.video, failure, self.runtime.clock.now())
            await store.save(tx, stored.video)
        self.notifier.notify(video_id)

    async def _remove(self, stored: Stored) -> None:
        video_id = stored.video.video_id
        deleted = event_pb2.VideoDeleted(video_id=video_id, blob_prefix=stored.blob_prefix)
        async with self.runtime.database.transaction() as tx:
            if await store.find(tx, video_id) is None:
                return
            await store.remove(tx, video_id)
            tx.publish(event_pb2.Event(owner_id=stored.owner_id, video_deleted=deleted))
        self.notifier.notify(video_id)

    async def _plan(self, stored: Stored) -> None:
        written = await self._script(stored)
        if not written.script.scenes:
            raise _too_little()
        self.gauge.check(written.script)
        video_id = stored.video.video_id
        async with self.runtime.database.transaction() as tx:
            fresh = await store.find(tx, video_id)
            if fresh is None or fresh.video.scenes or lifecycle.finished(fresh.video):
                return
            video, script = fresh.video, written.script
            lifecycle.planned(video, script, self.runtime.clock.now())
            video.engine, video.model = written.engine.engine, written.engine.model
            await store.save(tx, video, script=script.SerializeToString())
            await store.add_scenes(tx, video_id, len(script.scenes))
            for job in lifecycle.scene_jobs(video, script):
                tx.enqueue(SCENE_TOPIC, job, key=f"{video_id}:{job.scene_index}")
        self.notifier.notify(video_id)

    async def _script(self, stored: Stored) -> llm_service_pb2.WriteScriptResponse:
        video, document = stored.video, document_pb2.Document()
        if video.document_id:
            document = await self._document(video.document_id)
            passages = await self._passages(video.document_id)
        else:
            passages = await self._passages_on(video.topic)
        if not passages:
            raise _too_little()
        llm = self.runtime.channels.stub(LlmServiceStub, "llm")
        return await llm.WriteScript(
            llm_service_pb2.WriteScriptRequest(
                topic=video.topic,
                document_title=document.title,
                passages=passages,
                target_duration=duration_pb2.Duration(seconds=stored.target_seconds),
                language=document.language,
            )
        )

    async def _document(self, document_id: str) -> document_pb2.Document:
        documents = self.runtime.channels.stub(DocumentServiceStub, "document")
        request = document_service_pb2.GetDocumentRequest(document_id=document_id)
        try:
            return (await documents.GetDocument(request)).document
        except CallError as error:
            if error.reason == reason_pb2.REASON_NOT_FOUND:
                raise DocumentGone from error
            raise

    async def _passages(self, document_id: str) -> list[document_pb2.Passage]:
        documents = self.runtime.channels.stub(DocumentServiceStub, "document")
        request = document_service_pb2.ListPassagesRequest(
            document_id=document_id, page_size=PASSAGES_IN_PAGE
        )
        return await collect(documents.ListPassages, request, "passages")

    async def _passages_on(self, topic: str) -> list[document_pb2.Passage]:
        """The passages of the owner's library on a topic, in reading order of their documents."""
        found = await topic_hits(self.runtime, topic)
        if not found:
            return []
        documents = self.runtime.channels.stub(DocumentServiceStub, "document")
        request = document_service_pb2.BatchGetPassagesRequest(passage_ids=[hit.id for hit in found])
        passages = (await documents.BatchGetPassages(request)).passages
        return sorted(passages, key=lambda passage: (passage.document_id, passage.sequence))


def _too_little() -> CallError:
    return precondition(
        reason_pb2.REASON_TOO_LITTLE_CONTENT,
        "Your documents say too little to make a lesson of. Choose another document or topic.",
    )


async def topic_hits(runtime: Runtime, topic: str) -> Sequence[search_service_pb2.Hit]:
    """Passages of the caller's library that match a topic, best first."""
    search = runtime.channels.stub(SearchServiceStub, "search")
    request = search_service_pb2.SearchRequest(
        query=topic,
        kinds=[search_service_pb2.PASSAGE],
        page_size=MOST_PASSAGES_ON_TOPIC,
        minimum_match_percent=TOPIC_MATCH_PERCENT,
    )
    return (await search.Search(request)).hits
