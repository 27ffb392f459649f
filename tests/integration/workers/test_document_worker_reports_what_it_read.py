"""The document worker between queue and service: what it reports, and when it stops without a word."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from mootion.document.v1 import document_pb2
from mootion.document.v1 import document_service_pb2 as messages
from mootion.document.v1 import processing_service_pb2 as processing
from mootion.llm.v1 import llm_service_pb2

from mesh import context
from mesh.errors import CallError
from mesh.testing import Running, running
from services.document.__main__ import build as documents
from services.document.upload import blob_key
from tests.integration.document.library import PDF, complete, library, passages, uploaded, worker
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.workers.leases import held
from workers.documents import failures
from workers.documents.consumer import PASSAGES_IN_PART, DocumentConsumer
from workers.documents.failures import DocumentFailure
from workers.documents.sandbox import DocumentReader, ReadDocument


@dataclass
class FakeReader:
    """Reads as many passages as it is told, or fails."""

    sentences: int = 3
    failure: Exception | None = None
    read_bytes: list[bytes] = field(default_factory=list)

    def read(
        self,
        path: Path,
        filename: str,
        document_id: str,
        on_progress: Callable[[int], None],
        stopped: Callable[[], bool],
    ) -> ReadDocument:
        self.read_bytes.append(path.read_bytes())
        on_progress(50)
        if self.failure is not None:
            raise self.failure
        texts = [f"Sentence {number} of the chapter." for number in range(self.sentences)]
        facts = document_pb2.Document(title="Read", language="en", page_count=3)
        return ReadDocument(facts, passages(document_id, texts))


def atoms(request: llm_service_pb2.WriteAtomsRequest) -> llm_service_pb2.WriteAtomsResponse:
    made = [
        document_pb2.Atom(atom_id=f"a-{passage.passage_id}", sequence=number)
        for number, passage in enumerate(request.passages)
    ]
    return llm_service_pb2.WriteAtomsResponse(atoms=made)


@pytest.fixture
def llm() -> ScriptedLlm:
    return ScriptedLlm({"WriteAtoms": atoms})


@pytest.fixture
async def served(llm: ScriptedLlm) -> AsyncIterator[Running]:
    async with running(documents, llm.build) as found:
        yield found


async def work(served: Running, document_id: str, reader: FakeReader, token: int = 1) -> None:
    job = processing.ProcessDocumentJob(
        document_id=document_id, owner_id="tester", blob_key=blob_key(document_id), filename="waves.pdf"
    )
    consumer = DocumentConsumer(served.runtime, cast(DocumentReader, reader))
    with context.working_as("document-worker"):
        await consumer.handle(held(job, token))


async def state_of(served: Running, document_id: str) -> document_pb2.Document:
    request = messages.GetDocumentRequest(document_id=document_id)
    return (await library(served).GetDocument(request)).document


async def test_what_was_read_is_stored_in_order_however_long_it_is(served: Running) -> None:
    document_id, reader = (await uploaded(served)).document_id, FakeReader(PASSAGES_IN_PART * 2 + 1)
    await work(served, document_id, reader)
    document = await state_of(served, document_id)
    assert reader.read_bytes == [PDF]
    assert (document.state, document.title) == (document_pb2.READY, "Read")
    assert (document.passage_count, document.atom_count) == (reader.sentences, reader.sentences)


async def test_a_repeated_job_reads_nothing_again(served: Running, llm: ScriptedLlm) -> None:
    document_id = (await uploaded(served)).document_id
    await work(served, document_id, FakeReader())
    before, reader = await state_of(served, document_id), FakeReader()
    await work(served, document_id, reader, token=2)
    assert (reader.read_bytes, len(llm.requests)) == ([], 1)
    assert await state_of(served, document_id) == before


async def test_a_cancelled_or_deleted_document_is_not_read(served: Running) -> None:
    cancelled, deleted = [(await uploaded(served)).document_id for _ in range(2)]
    await library(served).CancelDocument(messages.CancelDocumentRequest(document_id=cancelled))
    await library(served).DeleteDocument(messages.DeleteDocumentRequest(document_id=deleted))
    for document_id in (cancelled, deleted):
        reader = FakeReader()
        await work(served, document_id, reader)
        assert reader.read_bytes == []


@pytest.mark.parametrize("ending", ["cancelled", "deleted", "taken over", "finished by another"])
async def test_work_that_is_wanted_no_more_ends_without_an_error(
    served: Running, llm: ScriptedLlm, ending: str
) -> None:
    document_id = (await uploaded(served)).document_id

    async def meanwhile(request: llm_service_pb2.WriteAtomsRequest) -> llm_service_pb2.WriteAtomsResponse:
        await end(served, document_id, ending)
        return atoms(request)

    llm.replies["WriteAtoms"] = meanwhile
    await work(served, document_id, FakeReader())
    listed = (await library(served).ListDocuments(messages.ListDocumentsRequest())).documents
    assert [each.title for each in listed] != ["Read"]


async def end(served: Running, document_id: str, ending: str) -> None:
    match ending:
        case "cancelled":
            await library(served).CancelDocument(messages.CancelDocumentRequest(document_id=document_id))
        case "deleted":
            await library(served).DeleteDocument(messages.DeleteDocumentRequest(document_id=document_id))
        case "taken over":
            request = processing.ReportProgressRequest(document_id=document_id, lease_token=2)
            await worker(served).ReportProgress(request)
        case "finished by another":
            await complete(served, document_id, token=2)


@pytest.mark.parametrize("reason", sorted(failures.SENTENCES))
async def test_a_document_that_cannot_be_read_fails_with_its_reason(served: Running, reason: str) -> None:
    document_id = (await uploaded(served)).document_id
    await work(served, document_id, FakeReader(failure=DocumentFailure(reason)))
    document = await state_of(served, document_id)
    assert document.state == document_pb2.FAILED
    assert (document.failure.reason, document.failure.message) == (reason, failures.SENTENCES[reason])


async def test_a_late_worker_cannot_fail_what_another_works_on(served: Running) -> None:
    document_id = (await uploaded(served)).document_id
    request = processing.ReportProgressRequest(document_id=document_id, lease_token=5)
    await worker(served).ReportProgress(request)
    await work(served, document_id, FakeReader(failure=DocumentFailure("DOCUMENT_UNREADABLE")), token=4)
    assert (await state_of(served, document_id)).state == document_pb2.PROCESSING


async def test_a_service_that_does_not_answer_leaves_the_job_to_be_tried_again(
    served: Running, llm: ScriptedLlm
) -> None:
    del llm.replies["WriteAtoms"]
    document_id = (await uploaded(served)).document_id
    with pytest.raises(CallError):
        await work(served, document_id, FakeReader())
    assert (await state_of(served, document_id)).state == document_pb2.PROCESSING


async def test_a_job_given_up_fails_the_document_for_a_person_to_read(served: Running) -> None:
    document_id = (await uploaded(served)).document_id
    job = processing.ProcessDocumentJob(document_id=document_id, owner_id="tester")
    consumer = DocumentConsumer(served.runtime, cast(DocumentReader, FakeReader()))
    with context.working_as("document-worker"):
        await consumer.on_dead(held(job), "ValueError at /srv/secret")
    failure = (await state_of(served, document_id)).failure
    assert failure.reason == "INTERNAL"
    assert "secret" not in failure.message
