"""Follows the events of all services and keeps the index as they say. Every change can be repeated without harm."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import grpc
from mootion.document.v1 import document_pb2
from mootion.document.v1 import document_service_pb2 as documents
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub
from mootion.event.v1 import event_pb2
from mootion.flowchart.v1 import flowchart_service_pb2
from mootion.flowchart.v1.flowchart_service_pb2_grpc import FlowchartServiceStub
from mootion.quiz.v1 import quiz_service_pb2
from mootion.quiz.v1.quiz_service_pb2_grpc import QuizServiceStub
from mootion.video.v1 import video_pb2, video_service_pb2
from mootion.video.v1.video_service_pb2_grpc import VideoServiceStub

from mesh import context
from mesh.errors import CallError
from mesh.pages import collect
from mesh.ports.index import Entry, Index, Replacement
from mesh.runtime import Runtime
from services.search import entries

SUBSCRIPTION = "search"
SECONDS = 60.0
MOST_IN_PAGE = 1000
OF_A_DOCUMENT = ("DOCUMENT", "PASSAGE", "ATOM", "CONCEPT", "QUIZ", "VIDEO")
# What was there when the event happened and is gone now needs no entry; its own event removes it.
GONE = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION)


@dataclass(frozen=True)
class Indexer:
    """Reads what changed from the service that owns it, in the name of its owner."""

    runtime: Runtime
    index: Index

    async def follow(self, event: event_pb2.Event) -> None:
        """Brings the index up to one event."""
        change = self._changes().get(event.WhichOneof("payload") or "")
        if change is None:
            return
        with context.acting_for(event.owner_id, request_id=event.event_id, timeout_seconds=SECONDS):
            try:
                await self.index.replace(await change(event))
            except CallError as error:
                if error.code not in GONE:
                    raise

    def _changes(self) -> Mapping[str, Callable[[event_pb2.Event], Awaitable[Replacement]]]:
        return {
            "document_uploaded": self._document_uploaded,
            "document_ready": self._document_ready,
            "document_deleted": self._document_deleted,
            "flowchart_changed": self._flowchart_changed,
            "quiz_created": self._quiz_created,
            "quiz_deleted": self._quiz_deleted,
            "video_completed": lambda event: self._video(event.owner_id, event.video_completed.video_id),
            "video_changed": lambda event: self._video(event.owner_id, event.video_changed.video_id),
            "video_deleted": self._video_deleted,
        }

    async def _document_uploaded(self, event: event_pb2.Event) -> Replacement:
        document = await self._document(event.document_uploaded.document_id)
        entry = entries.document_entry(event.owner_id, document)
        return Replacement(["DOCUMENT"], document.document_id, entries=[entry])

    async def _document_ready(self, event: event_pb2.Event) -> Replacement:
        document = await self._document(event.document_ready.document_id)
        owner, created_us = event.owner_id, document.create_time.ToMicroseconds()
        stub = self.runtime.channels.stub(DocumentServiceStub, "document")
        passages = await collect(
            stub.ListPassages,
            documents.ListPassagesRequest(document_id=document.document_id, page_size=MOST_IN_PAGE),
            "passages",
        )
        atoms = await collect(
            stub.ListAtoms,
            documents.ListAtomsRequest(document_id=document.document_id, page_size=MOST_IN_PAGE),
            "atoms",
        )
        found: list[Entry] = [entries.document_entry(owner, document)]
        found += [entries.passage_entry(owner, passage, created_us) for passage in passages]
        found += [entries.atom_entry(owner, atom, created_us) for atom in atoms]
        return Replacement(["DOCUMENT", "PASSAGE", "ATOM"], document.document_id, entries=found)

    async def _document_deleted(self, event: event_pb2.Event) -> Replacement:
        return Replacement(OF_A_DOCUMENT, event.document_deleted.document_id)

    async def _flowchart_changed(self, event: event_pb2.Event) -> Replacement:
        document_id = event.flowchart_changed.document_id
        stub = self.runtime.channels.stub(FlowchartServiceStub, "flowchart")
        request = flowchart_service_pb2.GetFlowchartRequest(document_id=document_id)
        chart = (await stub.GetFlowchart(request)).flowchart
        # The map may outlive its document for a moment; what is deleted must not come back.
        await self._document(document_id)
        found = [entries.concept_entry(event.owner_id, chart, node) for node in chart.nodes]
        return Replacement(["CONCEPT"], document_id, entries=found)

    async def _quiz_created(self, event: event_pb2.Event) -> Replacement:
        stub = self.runtime.channels.stub(QuizServiceStub, "quiz")
        request = quiz_service_pb2.GetQuizRequest(quiz_id=event.quiz_created.quiz_id)
        quiz = (await stub.GetQuiz(request)).quiz
        return Replacement(["QUIZ"], ids=[quiz.quiz_id], entries=[entries.quiz_entry(event.owner_id, quiz)])

    async def _quiz_deleted(self, event: event_pb2.Event) -> Replacement:
        return Replacement(["QUIZ"], ids=[event.quiz_deleted.quiz_id])

    async def _video(self, owner_id: str, video_id: str) -> Replacement:
        stub = self.runtime.channels.stub(VideoServiceStub, "video")
        video = (await stub.GetVideo(video_service_pb2.GetVideoRequest(video_id=video_id))).video
        shown = [entries.video_entry(owner_id, video)] if video.state == video_pb2.COMPLETED else []
        return Replacement(["VIDEO"], ids=[video_id], entries=shown)

    async def _video_deleted(self, event: event_pb2.Event) -> Replacement:
        return Replacement(["VIDEO"], ids=[event.video_deleted.video_id])

    async def _document(self, document_id: str) -> document_pb2.Document:
        stub = self.runtime.channels.stub(DocumentServiceStub, "document")
        return (await stub.GetDocument(documents.GetDocumentRequest(document_id=document_id))).document
