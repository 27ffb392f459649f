"""The document service with documents in it, without the work of reading real files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from google.api import httpbody_pb2
from mootion.document.v1 import document_pb2 as documents
from mootion.document.v1 import document_service_pb2 as messages
from mootion.document.v1 import processing_service_pb2 as processing
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub
from mootion.document.v1.processing_service_pb2_grpc import DocumentProcessingServiceStub

from mesh.testing import Running

if TYPE_CHECKING:
    from mootion.document.v1.document_service_pb2_grpc import DocumentServiceAsyncStub
    from mootion.document.v1.processing_service_pb2_grpc import DocumentProcessingServiceAsyncStub

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
SENTENCES = (
    "Sound is a longitudinal wave that needs a medium to travel through.",
    "The wavelength is the distance between two successive compressions.",
    "Amplitude decides how loud a sound is heard by the ear.",
)


def library(running: Running, principal: str = "tester") -> DocumentServiceAsyncStub:
    """A learner's client of the document service."""
    return running.stub(DocumentServiceStub, "document", principal=principal)


def worker(running: Running) -> DocumentProcessingServiceAsyncStub:
    """A document worker's client."""
    return running.stub(DocumentProcessingServiceStub, "document", principal=None, caller="document-worker")


def upload_parts(
    data: bytes = PDF, *, name: str = "waves.pdf", chunk: int = 4096, request_id: str = ""
) -> Iterator[messages.UploadDocumentRequest]:
    """An upload, cut into chunks."""
    first = messages.UploadDocumentRequest(filename=name, request_id=request_id)
    rest = [
        messages.UploadDocumentRequest(content=httpbody_pb2.HttpBody(data=data[start : start + chunk]))
        for start in range(0, len(data), chunk)
    ]
    return iter([first, *rest])


async def uploaded(running: Running, principal: str = "tester", data: bytes = PDF) -> documents.Document:
    """A new document, not processed."""
    reply = await library(running, principal).UploadDocument(upload_parts(data))
    return reply.document


async def ready(
    running: Running, principal: str = "tester", sentences: Sequence[str] = SENTENCES
) -> documents.Document:
    """A READY document of one passage for each sentence."""
    document = await uploaded(running, principal)
    return await complete(running, document.document_id, sentences=sentences)


async def complete(
    running: Running, document_id: str, *, token: int = 1, sentences: Sequence[str] = SENTENCES
) -> documents.Document:
    """Reports a document as read."""
    parts = completion(document_id, token, sentences)
    return (await worker(running).CompleteProcessing(parts)).document


def completion(
    document_id: str, token: int, sentences: Sequence[str] = SENTENCES
) -> Iterator[processing.CompleteProcessingRequest]:
    """What a worker sends at the end: facts, then passages, then an atom."""

    def part() -> processing.CompleteProcessingRequest:
        return processing.CompleteProcessingRequest(document_id=document_id, lease_token=token)

    first, second, third = part(), part(), part()
    first.facts.CopyFrom(documents.Document(title="Waves", format=documents.PDF, page_count=9, language="en"))
    second.passages.extend(passages(document_id, sentences))
    third.atoms.add(
        atom_id=f"atom-{document_id[-12:]}", document_id=document_id, title="Sound", content="It is."
    )
    return iter([first, second, third])


def passages(document_id: str, sentences: Iterable[str] = SENTENCES) -> list[documents.Passage]:
    """One passage for each sentence, each on a page of its own."""
    return [
        documents.Passage(
            passage_id=passage_id(document_id, number),
            document_id=document_id,
            sequence=number,
            text=text,
            section_path=["Waves"],
            first_page=number + 1,
            last_page=number + 1,
            page_spans=[documents.PageSpan(page=number + 1, end_char=len(text))],
        )
        for number, text in enumerate(sentences)
    ]


def passage_id(document_id: str, number: int) -> str:
    """The id of a made passage."""
    return f"p{number}-{document_id[-20:]}"


async def trickled(
    parts: Iterable[messages.UploadDocumentRequest],
) -> AsyncIterator[messages.UploadDocumentRequest]:
    """The parts, as a stream."""
    for part in parts:
        yield part
