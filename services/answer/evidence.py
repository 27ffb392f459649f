"""Finds the passages an answer may come from."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub
from mootion.errors.v1 import reason_pb2
from mootion.search.v1 import search_service_pb2
from mootion.search.v1.search_service_pb2_grpc import SearchServiceStub

from mesh.errors import precondition
from mesh.runtime import Runtime

MOST_QUERY_CHARACTERS = 500


@dataclass(frozen=True)
class Found:
    """Passages, best first, and the language of the document of the best one; empty where nothing was found."""

    passages: Sequence[document_pb2.Passage]
    language: str


@dataclass(frozen=True)
class Evidence:
    """Asks the search and document services."""

    runtime: Runtime

    async def find(self, query: str, document_ids: Sequence[str], *, most: int) -> Found:
        """At most so many passages that match a query.

        Raises:
            CallError: NOT_FOUND or DOCUMENT_NOT_READY for a document asked for.
        """
        passages = await self._passages(query, document_ids, most)
        best = [passage.document_id for passage in passages[:1]]
        # A passage that the owner reads is of a document that is theirs and READY: it need not be asked for.
        seen = {passage.document_id for passage in passages}
        unseen = [each for each in dict.fromkeys(document_ids) if each not in seen]
        asked = await asyncio.gather(*(self._document(each) for each in best + unseen))
        for document in asked:
            _require_ready(document)
        return Found(passages, asked[0].language if best else "")

    async def _passages(
        self, query: str, document_ids: Sequence[str], most: int
    ) -> list[document_pb2.Passage]:
        search = self.runtime.channels.stub(SearchServiceStub, "search")
        found = await search.Search(
            search_service_pb2.SearchRequest(
                query=query[:MOST_QUERY_CHARACTERS],
                kinds=[search_service_pb2.PASSAGE],
                document_ids=document_ids,
                page_size=most,
            )
        )
        return await self._read([hit.id for hit in found.hits])

    async def _read(self, passage_ids: Sequence[str]) -> list[document_pb2.Passage]:
        if not passage_ids:
            return []
        documents = self.runtime.channels.stub(DocumentServiceStub, "document")
        request = document_service_pb2.BatchGetPassagesRequest(passage_ids=passage_ids)
        return list((await documents.BatchGetPassages(request)).passages)

    async def _document(self, document_id: str) -> document_pb2.Document:
        documents = self.runtime.channels.stub(DocumentServiceStub, "document")
        request = document_service_pb2.GetDocumentRequest(document_id=document_id)
        return (await documents.GetDocument(request)).document


def _require_ready(document: document_pb2.Document) -> None:
    if document.state != document_pb2.READY:
        raise precondition(
            reason_pb2.REASON_DOCUMENT_NOT_READY,
            f"Document {document.document_id!r} is not READY, so nothing can be answered from it. "
            "Watch it, or leave it out.",
        )
