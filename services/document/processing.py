"""One short method for each RPC of DocumentProcessingService: what workers report back."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import grpc
from mootion.document.v1 import document_pb2
from mootion.document.v1 import processing_service_pb2 as messages
from mootion.document.v1 import processing_service_pb2_grpc as rpc
from mootion.event.v1 import event_pb2

from mesh.errors import not_found
from mesh.ports.sql import Transaction
from mesh.runtime import Runtime
from mesh.watch import Notifier
from services.document import progress, store

Change = Callable[[document_pb2.Document], None]


@dataclass(frozen=True)
class DocumentProcessingService(rpc.DocumentProcessingServiceServicer):
    """Reports of document workers. A finished document is never changed by a report."""

    runtime: Runtime
    notifier: Notifier

    async def ReportProgress(
        self, request: messages.ReportProgressRequest, context_: grpc.aio.ServicerContext[object, object]
    ) -> messages.ReportProgressResponse:
        now = self.runtime.clock.now()
        document = await self._change(
            request.document_id,
            request.lease_token,
            lambda document: progress.advance(document, request.progress_percent, now),
        )
        return messages.ReportProgressResponse(cancelled=progress.finished(document))

    async def FailProcessing(
        self, request: messages.FailProcessingRequest, context_: grpc.aio.ServicerContext[object, object]
    ) -> messages.FailProcessingResponse:
        now = self.runtime.clock.now()
        document = await self._change(
            request.document_id,
            request.lease_token,
            lambda document: progress.fail(document, request.failure, now),
        )
        return messages.FailProcessingResponse(document=document)

    async def CompleteProcessing(
        self,
        request_iterator: AsyncIterator[messages.CompleteProcessingRequest],
        context_: grpc.aio.ServicerContext[object, object],
    ) -> messages.CompleteProcessingResponse:
        result = await _received(request_iterator)
        async with self.runtime.database.transaction() as tx:
            owner, document = await _leased(tx, result.document_id, result.lease_token)
            if not progress.finished(document):
                await self._complete(tx, owner, document, result)
        self.notifier.notify(result.document_id)
        return messages.CompleteProcessingResponse(document=document)

    async def _complete(
        self,
        tx: Transaction,
        owner: str,
        document: document_pb2.Document,
        result: messages.CompleteProcessingRequest,
    ) -> None:
        counts = len(result.passages), len(result.atoms)
        progress.complete(document, result.facts, *counts, self.runtime.clock.now())
        await store.add_content(tx, owner, document.document_id, result.passages, result.atoms)
        await store.save_document(tx, document, result.lease_token)
        ready = event_pb2.DocumentReady(document_id=document.document_id, version_hash=document.version_hash)
        tx.publish(event_pb2.Event(owner_id=owner, document_ready=ready))

    async def _change(self, document_id: str, lease_token: int, change: Change) -> document_pb2.Document:
        async with self.runtime.database.transaction() as tx:
            _, document = await _leased(tx, document_id, lease_token)
            if not progress.finished(document):
                change(document)
                await store.save_document(tx, document, lease_token)
        self.notifier.notify(document_id)
        return document


async def _leased(tx: Transaction, document_id: str, lease_token: int) -> tuple[str, document_pb2.Document]:
    found = await store.find_leased(tx, document_id)
    if found is None:
        raise not_found("document", document_id)
    owner, seen, document = found
    progress.refuse_stale(lease_token, seen)
    return owner, document


async def _received(
    parts: AsyncIterator[messages.CompleteProcessingRequest],
) -> messages.CompleteProcessingRequest:
    whole = messages.CompleteProcessingRequest()
    async for part in parts:
        whole.MergeFrom(part)
    return whole
