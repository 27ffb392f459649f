"""Takes documents from the queue `document.process`, has them read in a child process, and reports to the service."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mootion.document.v1 import document_pb2
from mootion.document.v1 import processing_service_pb2 as messages
from mootion.document.v1.processing_service_pb2_grpc import DocumentProcessingServiceStub
from mootion.errors.v1 import reason_pb2
from mootion.llm.v1 import llm_service_pb2
from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceStub

from mesh import context
from mesh.errors import CallError
from mesh.ports.blobs import BlobNotFound
from mesh.ports.queue import Lease
from mesh.runtime import Runtime
from workers.documents.failures import DocumentFailure
from workers.documents.sandbox import DocumentReader, ReadDocument

if TYPE_CHECKING:
    from mootion.document.v1.processing_service_pb2_grpc import DocumentProcessingServiceAsyncStub

TOPIC = "document.process"
PASSAGES_IN_PART = 200
ATOMS_SECONDS = 120.0
# Progress in percent: reading ends here, atoms follow.
READ_PERCENT = 60
ATOMS_PERCENT = 95


# Answers that mean the work is wanted no more: another worker has it, or the document is gone.
UNWANTED = (reason_pb2.REASON_STALE_LEASE, reason_pb2.REASON_NOT_FOUND)


class Stopped(Exception):
    """The document was cancelled or deleted while it was read, or another worker has it."""


@dataclass(frozen=True)
class DocumentConsumer:
    """Processes one document a job. Every report carries the lease's token, so a late worker is refused."""

    runtime: Runtime
    reader: DocumentReader

    async def handle(self, lease: Lease) -> None:
        """Reads a document and stores what was read. A repeat finds it finished and stops at its first report."""
        job = messages.ProcessDocumentJob.FromString(lease.body)
        try:
            await self._report(job, lease, 1)
            read = await self._read(job, lease)
            await self._report(job, lease, READ_PERCENT)
            atoms = await self._atoms(job, read)
            await self._report(job, lease, ATOMS_PERCENT)
            await self._complete(job, lease, read, atoms)
        except (Stopped, BlobNotFound):
            return
        except DocumentFailure as failure:
            reported = document_pb2.Failure(reason=failure.reason, message=failure.message)
            await self._fail(job, lease, reported)

    async def on_dead(self, lease: Lease, reason: str) -> None:
        """Fails a document that could not be processed after every attempt."""
        job = messages.ProcessDocumentJob.FromString(lease.body)
        message = "The document could not be processed after several attempts. Upload it again later."
        await self._fail(job, lease, document_pb2.Failure(reason="INTERNAL", message=message))

    def _service(self) -> "DocumentProcessingServiceAsyncStub":
        return self.runtime.channels.stub(DocumentProcessingServiceStub, "document")

    async def _report(self, job: messages.ProcessDocumentJob, lease: Lease, percent: int) -> None:
        request = messages.ReportProgressRequest(
            document_id=job.document_id, lease_token=lease.token, progress_percent=percent
        )
        with _stopping():
            reply = await self._service().ReportProgress(request)
        if reply.cancelled:
            raise Stopped

    async def _complete(
        self,
        job: messages.ProcessDocumentJob,
        lease: Lease,
        read: ReadDocument,
        atoms: list[document_pb2.Atom],
    ) -> None:
        with _stopping():
            await self._service().CompleteProcessing(_parts(job, lease, read, atoms))

    async def _fail(
        self, job: messages.ProcessDocumentJob, lease: Lease, failure: document_pb2.Failure
    ) -> None:
        request = messages.FailProcessingRequest(
            document_id=job.document_id, lease_token=lease.token, failure=failure
        )
        with suppress(Stopped), _stopping():
            await self._service().FailProcessing(request)

    async def _read(self, job: messages.ProcessDocumentJob, lease: Lease) -> ReadDocument:
        on_progress, stop = self._progress_from_thread(job, lease), threading.Event()
        async with self.runtime.blobs.local_file(job.blob_key) as path:
            try:
                return await asyncio.to_thread(
                    self.reader.read, path, job.filename, job.document_id, on_progress, stop.is_set
                )
            finally:
                stop.set()

    def _progress_from_thread(self, job: messages.ProcessDocumentJob, lease: Lease) -> Callable[[int], None]:
        """Reports from the reading thread; the exception of a stopped document ends the reading."""
        loop = asyncio.get_running_loop()

        def report(percent: int) -> None:
            scaled = max(1, percent * READ_PERCENT // 100)
            asyncio.run_coroutine_threadsafe(self._report(job, lease, scaled), loop).result()

        return report

    async def _atoms(self, job: messages.ProcessDocumentJob, read: ReadDocument) -> list[document_pb2.Atom]:
        request = llm_service_pb2.WriteAtomsRequest(passages=read.passages, language=read.facts.language)
        with context.acting_for(job.owner_id, request_id=job.document_id, timeout_seconds=ATOMS_SECONDS):
            reply = await self.runtime.channels.stub(LlmServiceStub, "llm").WriteAtoms(request)
        return list(reply.atoms)


@contextmanager
def _stopping() -> Iterator[None]:
    """Turns the answers that mean that the work is wanted no more into Stopped."""
    try:
        yield
    except CallError as error:
        if error.reason in UNWANTED:
            raise Stopped from None
        raise


async def _parts(
    job: messages.ProcessDocumentJob,
    lease: Lease,
    read: ReadDocument,
    atoms: list[document_pb2.Atom],
) -> AsyncIterator[messages.CompleteProcessingRequest]:
    """The result in messages of bounded size."""

    def part() -> messages.CompleteProcessingRequest:
        return messages.CompleteProcessingRequest(document_id=job.document_id, lease_token=lease.token)

    first = part()
    first.facts.CopyFrom(read.facts)
    yield first
    for start in range(0, len(read.passages), PASSAGES_IN_PART):
        more = part()
        more.passages.extend(read.passages[start : start + PASSAGES_IN_PART])
        yield more
    for start in range(0, len(atoms), PASSAGES_IN_PART):
        more = part()
        more.atoms.extend(atoms[start : start + PASSAGES_IN_PART])
        yield more
