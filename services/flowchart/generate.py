"""Makes a map: reads the document, has concepts and relations found, builds and lays out the graph."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub
from mootion.errors.v1 import reason_pb2
from mootion.flowchart.v1 import flowchart_pb2
from mootion.llm.v1 import llm_service_pb2
from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceStub

from mesh.errors import precondition
from mesh.pages import collect
from mesh.runtime import Runtime
from services.flowchart import graph, layout

PASSAGES_IN_PAGE = 1000


@dataclass(frozen=True)
class Generator:
    """Asks the document and llm services."""

    runtime: Runtime

    async def generate(self, document_id: str, max_concepts: int) -> flowchart_pb2.Flowchart:
        """The map of a READY document.

        Raises:
            CallError: NOT_FOUND, DOCUMENT_NOT_READY or TOO_LITTLE_CONTENT.
        """
        document = await self.document(document_id)
        passages = await self._passages(document_id)
        if not passages:
            raise precondition(
                reason_pb2.REASON_TOO_LITTLE_CONTENT, "The document has no text to find concepts in."
            )
        return await self._chart(document, passages, max_concepts)

    async def _chart(
        self, document: document_pb2.Document, passages: list[document_pb2.Passage], max_concepts: int
    ) -> flowchart_pb2.Flowchart:
        llm = self.runtime.channels.stub(LlmServiceStub, "llm")
        found = await llm.ExtractConcepts(
            llm_service_pb2.ExtractConceptsRequest(
                passages=passages, max_concepts=max_concepts, language=document.language
            )
        )
        related = await llm.InferRelations(
            llm_service_pb2.InferRelationsRequest(
                passages=passages, concepts=found.concepts, language=document.language
            )
        )
        chart = graph.build_map(document.document_id, found.concepts, related.relations)
        chart.title, chart.version_hash = document.title, document.version_hash
        chart.engine.CopyFrom(found.engine)
        layout.place_all(chart)
        return stamped(chart, self.runtime.clock.now(), created=True)

    async def document(self, document_id: str) -> document_pb2.Document:
        """The caller's document.

        Raises:
            CallError: NOT_FOUND.
        """
        documents = self.runtime.channels.stub(DocumentServiceStub, "document")
        request = document_service_pb2.GetDocumentRequest(document_id=document_id)
        return (await documents.GetDocument(request)).document

    async def _passages(self, document_id: str) -> list[document_pb2.Passage]:
        documents = self.runtime.channels.stub(DocumentServiceStub, "document")
        request = document_service_pb2.ListPassagesRequest(
            document_id=document_id, page_size=PASSAGES_IN_PAGE
        )
        return await collect(documents.ListPassages, request, "passages")


def stamped(chart: flowchart_pb2.Flowchart, now: datetime, *, created: bool) -> flowchart_pb2.Flowchart:
    """The map with its times and an etag over everything else."""
    content = flowchart_pb2.Flowchart()
    content.CopyFrom(chart)
    for field in ("etag", "create_time", "update_time"):
        content.ClearField(field)
    chart.etag = hashlib.sha256(content.SerializeToString(deterministic=True)).hexdigest()[:16]
    if created:
        chart.create_time.FromDatetime(now)
    chart.update_time.FromDatetime(now)
    return chart
