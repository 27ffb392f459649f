"""One short method for each RPC of DocumentService."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.document.v1 import document_service_pb2_grpc as rpc
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2

from mesh import context, pages
from mesh.errors import CallError, not_found, precondition
from mesh.ports.sql import Reader
from mesh.runtime import Runtime
from mesh.watch import Notifier
from services.document import progress, store, upload

TOPIC = "document.process"
FROM_THE_START = -1


@dataclass(frozen=True)
class DocumentService(rpc.DocumentServiceServicer):
    """Documents of a learner."""

    runtime: Runtime
    notifier: Notifier

    async def UploadDocument(
        self,
        request_iterator: AsyncIterator[document_service_pb2.UploadDocumentRequest],
        context_: grpc.aio.ServicerContext[object, object],
    ) -> document_service_pb2.UploadDocumentResponse:
        owner, document_id = context.principal_id(), self.runtime.ids.new()
        parts = _Upload(request_iterator)
        blob = await self.runtime.blobs.put(upload.blob_key(document_id), upload.checked(parts.chunks()))
        document = upload.uploaded(document_id, parts.filename, blob, self.runtime.clock.now())
        reply = document_service_pb2.UploadDocumentResponse(document=document)
        try:
            await self._add(owner, document, reply)
        except BaseException:
            await self._withdraw(owner, document_id)
            raise
        return reply

    async def _withdraw(self, owner: str, document_id: str) -> None:
        """Removes the bytes of an upload that was not stored. A call that is cancelled while it commits ends by an
        exception too, so the row decides."""
        async with self.runtime.database.reading() as reader:
            stored = await store.find_document(reader, owner, document_id)
        if stored is None:
            await self.runtime.blobs.delete(upload.blob_key(document_id))

    async def _add(
        self, owner: str, document: document_pb2.Document, reply: document_service_pb2.UploadDocumentResponse
    ) -> None:
        job = progress.job_for(owner, document, upload.blob_key(document.document_id))
        async with self.runtime.database.transaction() as tx:
            await store.add_document(tx, owner, document)
            tx.enqueue(TOPIC, job, key=document.document_id)
            uploaded = event_pb2.DocumentUploaded(document_id=document.document_id)
            tx.publish(event_pb2.Event(owner_id=owner, document_uploaded=uploaded))
            tx.remember(reply)

    async def GetDocument(
        self,
        request: document_service_pb2.GetDocumentRequest,
        context_: grpc.aio.ServicerContext[object, object],
    ) -> document_service_pb2.GetDocumentResponse:
        document = await self._read(context.principal_id(), request.document_id)
        return document_service_pb2.GetDocumentResponse(document=document)

    async def ListDocuments(
        self,
        request: document_service_pb2.ListDocumentsRequest,
        context_: grpc.aio.ServicerContext[object, object],
    ) -> document_service_pb2.ListDocumentsResponse:
        size = pages.page_size(request.page_size, default=20, most=100)
        after = pages.decode(request, int, str)
        async with self.runtime.database.reading(may_lag=after is not None) as reader:
            found = await store.list_documents(reader, context.principal_id(), after, size + 1)
        token = ""
        if len(found) > size:
            last = found[size - 1]
            token = pages.encode(request, last.create_time.ToMicroseconds(), last.document_id)
        return document_service_pb2.ListDocumentsResponse(documents=found[:size], next_page_token=token)

    async def WatchDocument(
        self,
        request: document_service_pb2.WatchDocumentRequest,
        context_: grpc.aio.ServicerContext[object, object],
    ) -> AsyncIterator[document_service_pb2.WatchDocumentResponse]:
        owner = context.principal_id()
        changes = self.notifier.watch(
            request.document_id,
            read=lambda: self._read(owner, request.document_id),
            sequence=lambda document: document.sequence,
            after=request.after_sequence,
            finished=progress.finished,
        )
        async for document in changes:
            yield document_service_pb2.WatchDocumentResponse(document=document)

    async def CancelDocument(
        self,
        request: document_service_pb2.CancelDocumentRequest,
        context_: grpc.aio.ServicerContext[object, object],
    ) -> document_service_pb2.CancelDocumentResponse:
        async with self.runtime.database.transaction() as tx:
            document = await _find(tx, context.principal_id(), request.document_id)
            if not progress.finished(document):
                progress.fail(document, progress.cancelled(), self.runtime.clock.now())
                await store.save_document(tx, document)
        self.notifier.notify(request.document_id)
        return document_service_pb2.CancelDocumentResponse(document=document)

    async def DeleteDocument(
        self,
        request: document_service_pb2.DeleteDocumentRequest,
        context_: grpc.aio.ServicerContext[object, object],
    ) -> document_service_pb2.DeleteDocumentResponse:
        owner = context.principal_id()
        async with self.runtime.database.transaction() as tx:
            await _find(tx, owner, request.document_id)
            await store.remove_document(tx, request.document_id)
            deleted = event_pb2.DocumentDeleted(document_id=request.document_id)
            tx.publish(event_pb2.Event(owner_id=owner, document_deleted=deleted))
        self.notifier.notify(request.document_id)
        return document_service_pb2.DeleteDocumentResponse()

    async def ListPassages(
        self,
        request: document_service_pb2.ListPassagesRequest,
        context_: grpc.aio.ServicerContext[object, object],
    ) -> document_service_pb2.ListPassagesResponse:
        size = pages.page_size(request.page_size, default=100, most=1000)
        after = pages.decode(request, int)
        async with self.runtime.database.reading() as reader:
            await _find_ready(reader, context.principal_id(), request.document_id)
            start = after[0] if after else FROM_THE_START
            found = await store.list_passages(reader, request.document_id, start, size + 1)
        token = pages.encode(request, found[size - 1].sequence) if len(found) > size else ""
        return document_service_pb2.ListPassagesResponse(passages=found[:size], next_page_token=token)

    async def ListAtoms(
        self,
        request: document_service_pb2.ListAtomsRequest,
        context_: grpc.aio.ServicerContext[object, object],
    ) -> document_service_pb2.ListAtomsResponse:
        size = pages.page_size(request.page_size, default=100, most=1000)
        after = pages.decode(request, int)
        async with self.runtime.database.reading() as reader:
            await _find_ready(reader, context.principal_id(), request.document_id)
            start = after[0] if after else FROM_THE_START
            found = await store.list_atoms(reader, request.document_id, start, size + 1)
        token = pages.encode(request, found[size - 1].sequence) if len(found) > size else ""
        return document_service_pb2.ListAtomsResponse(atoms=found[:size], next_page_token=token)

    async def BatchGetPassages(
        self,
        request: document_service_pb2.BatchGetPassagesRequest,
        context_: grpc.aio.ServicerContext[object, object],
    ) -> document_service_pb2.BatchGetPassagesResponse:
        async with self.runtime.database.reading() as reader:
            found = await store.get_passages(reader, context.principal_id(), list(request.passage_ids))
        return document_service_pb2.BatchGetPassagesResponse(passages=found)

    async def _read(self, owner: str, document_id: str) -> document_pb2.Document:
        async with self.runtime.database.reading() as reader:
            return await _find(reader, owner, document_id)


class _Upload:
    """The stream of an upload: the filename of its first message, and its bytes."""

    def __init__(self, messages: AsyncIterator[document_service_pb2.UploadDocumentRequest]) -> None:
        self._messages = messages
        self.filename = ""

    async def chunks(self) -> AsyncIterator[bytes]:
        async for message in self._messages:
            self.filename = self.filename or message.filename
            if message.content.data:
                yield message.content.data


async def _find(reader: Reader, owner: str, document_id: str) -> document_pb2.Document:
    document = await store.find_document(reader, owner, document_id)
    if document is None:
        raise not_found("document", document_id)
    return document


async def _find_ready(reader: Reader, owner: str, document_id: str) -> document_pb2.Document:
    document = await _find(reader, owner, document_id)
    if document.state == document_pb2.READY:
        return document
    if document.state == document_pb2.FAILED:
        raise _not_ready(f"Its processing failed ({document.failure.reason}): {document.failure.message}")
    raise _not_ready("It is still being processed. Watch it and come back when it is READY.")


def _not_ready(message: str) -> CallError:
    return precondition(reason_pb2.REASON_DOCUMENT_NOT_READY, message)
