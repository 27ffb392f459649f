"""What the services have now, as entries of the index."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from mootion.document.v1 import document_pb2
from mootion.document.v1 import document_service_pb2 as documents
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub
from mootion.flowchart.v1 import flowchart_service_pb2
from mootion.flowchart.v1.flowchart_service_pb2_grpc import FlowchartServiceStub
from mootion.quiz.v1 import quiz_service_pb2
from mootion.quiz.v1.quiz_service_pb2_grpc import QuizServiceStub
from mootion.video.v1 import video_pb2, video_service_pb2
from mootion.video.v1.video_service_pb2_grpc import VideoServiceStub

from mesh import context
from mesh.errors import CallError
from mesh.pages import collect
from mesh.ports.index import Entry
from mesh.runtime import Runtime
from services.search import entries
from services.search.indexer import GONE, MOST_IN_PAGE, SECONDS


@dataclass(frozen=True)
class Owned:
    """Asks the services in the name of the owner."""

    runtime: Runtime

    async def of_document(
        self, owner_id: str, document_id: str, quizzes: Collection[str], videos: Collection[str]
    ) -> list[Entry]:
        """All entries of a document, its map, and of these quizzes and videos those that there are.

        A document that is gone has none: what came from it goes too. With an empty id: the videos of no document.
        """
        found: list[Entry] = []
        if document_id:
            document = await self._document(owner_id, document_id)
            if document is None:
                return []
            found += await self._content(owner_id, document)
            found += await self._concepts(owner_id, document_id)
        for quiz_id in quizzes:
            found += await self._quiz(owner_id, quiz_id)
        for video_id in videos:
            found += await self._video(owner_id, video_id)
        return [entry for entry in found if entry.document_id == document_id]

    async def _document(self, owner_id: str, document_id: str) -> document_pb2.Document | None:
        stub = self.runtime.channels.stub(DocumentServiceStub, "document")
        request = documents.GetDocumentRequest(document_id=document_id)
        reply = await self._asked(owner_id, stub.GetDocument, request)
        return None if reply is None else reply.document

    async def _content(self, owner_id: str, document: document_pb2.Document) -> list[Entry]:
        found = [entries.document_entry(owner_id, document)]
        if document.state != document_pb2.READY:
            return found
        stub, created_us = (
            self.runtime.channels.stub(DocumentServiceStub, "document"),
            document.create_time.ToMicroseconds(),
        )
        same: Any = {"document_id": document.document_id, "page_size": MOST_IN_PAGE}
        passages = await self._collected(
            owner_id, stub.ListPassages, documents.ListPassagesRequest(**same), "passages"
        )
        atoms = await self._collected(owner_id, stub.ListAtoms, documents.ListAtomsRequest(**same), "atoms")
        found += [entries.passage_entry(owner_id, passage, created_us) for passage in passages]
        return found + [entries.atom_entry(owner_id, atom, created_us) for atom in atoms]

    async def _concepts(self, owner_id: str, document_id: str) -> list[Entry]:
        stub = self.runtime.channels.stub(FlowchartServiceStub, "flowchart")
        request = flowchart_service_pb2.GetFlowchartRequest(document_id=document_id)
        reply = await self._asked(owner_id, stub.GetFlowchart, request)
        if reply is None:
            return []
        return [entries.concept_entry(owner_id, reply.flowchart, node) for node in reply.flowchart.nodes]

    async def _quiz(self, owner_id: str, quiz_id: str) -> list[Entry]:
        stub = self.runtime.channels.stub(QuizServiceStub, "quiz")
        request = quiz_service_pb2.GetQuizRequest(quiz_id=quiz_id)
        reply = await self._asked(owner_id, stub.GetQuiz, request)
        return [] if reply is None else [entries.quiz_entry(owner_id, reply.quiz)]

    async def _video(self, owner_id: str, video_id: str) -> list[Entry]:
        stub = self.runtime.channels.stub(VideoServiceStub, "video")
        request = video_service_pb2.GetVideoRequest(video_id=video_id)
        reply = await self._asked(owner_id, stub.GetVideo, request)
        if reply is None or reply.video.state != video_pb2.COMPLETED:
            return []
        return [entries.video_entry(owner_id, reply.video)]

    async def _asked(self, owner_id: str, call: Any, request: Any) -> Any:
        """The reply, or None where the thing is gone."""
        with context.acting_for(owner_id, request_id=self.runtime.ids.new(), timeout_seconds=SECONDS):
            try:
                return await call(request)
            except CallError as error:
                if error.code not in GONE:
                    raise
                return None

    async def _collected(self, owner_id: str, call: Any, request: Any, name: str) -> Sequence[Any]:
        with context.acting_for(owner_id, request_id=self.runtime.ids.new(), timeout_seconds=SECONDS):
            try:
                return await collect(call, request, name)
            except CallError as error:
                if error.code not in GONE:
                    raise
                return []
