"""Reports of document workers: fenced by lease, never after the end, and never on what is gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from mootion.document.v1 import document_pb2
from mootion.document.v1 import document_service_pb2 as messages
from mootion.document.v1 import processing_service_pb2 as processing
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2

from mesh.testing import Running, running
from services.document.__main__ import build
from tests.integration.document.library import (
    SENTENCES,
    complete,
    completion,
    library,
    ready,
    uploaded,
    worker,
)
from tests.integration.document.refusals import reason_of, refused

Report = Callable[[Running, str, int], Awaitable[object]]


@pytest.fixture
async def served() -> AsyncIterator[Running]:
    async with running(build) as found:
        yield found


async def get(served: Running, document_id: str) -> document_pb2.Document:
    request = messages.GetDocumentRequest(document_id=document_id)
    return (await library(served).GetDocument(request)).document


async def progress(served: Running, document_id: str, token: int, percent: int = 30) -> bool:
    request = processing.ReportProgressRequest(
        document_id=document_id, lease_token=token, progress_percent=percent
    )
    return (await worker(served).ReportProgress(request)).cancelled


async def fail(served: Running, document_id: str, token: int) -> document_pb2.Document:
    failure = document_pb2.Failure(reason="DOCUMENT_UNREADABLE", message="It is damaged.")
    request = processing.FailProcessingRequest(document_id=document_id, lease_token=token, failure=failure)
    return (await worker(served).FailProcessing(request)).document


async def finish(served: Running, document_id: str, token: int) -> document_pb2.Document:
    return (await worker(served).CompleteProcessing(completion(document_id, token))).document


REPORTS = pytest.mark.parametrize("report", [progress, fail, finish])


async def events_of(served: Running) -> list[str]:
    seen: list[str] = []

    async def note(event: event_pb2.Event) -> None:
        seen.append(event.WhichOneof("payload") or "")

    following = asyncio.create_task(served.runtime.events.run("test", note))
    await served.runtime.events.wait_until_handled("test", 60)
    following.cancel()
    return seen


async def test_states_follow_each_other_and_the_sequence_grows(served: Running) -> None:
    first = await uploaded(served)
    seen = [(first.state, first.sequence, first.progress_percent)]
    for percent in (1, 40, 20):
        assert await progress(served, first.document_id, 1, percent) is False
        document = await get(served, first.document_id)
        seen.append((document.state, document.sequence, document.progress_percent))
    last = await complete(served, first.document_id)
    seen.append((last.state, last.sequence, last.progress_percent))
    assert seen == [
        (document_pb2.UPLOADED, 1, 0),
        (document_pb2.PROCESSING, 2, 1),
        (document_pb2.PROCESSING, 3, 40),
        (document_pb2.PROCESSING, 4, 40),
        (document_pb2.READY, 5, 100),
    ]
    assert (last.title, last.page_count, last.passage_count, last.atom_count) == ("Waves", 9, 3, 1)


@REPORTS
async def test_a_report_of_an_older_lease_is_refused_and_changes_nothing(
    served: Running, report: Report
) -> None:
    document_id = (await uploaded(served)).document_id
    await progress(served, document_id, 3)
    before = await get(served, document_id)
    with refused(reason_pb2.REASON_STALE_LEASE):
        await report(served, document_id, 2)
    assert await get(served, document_id) == before


@REPORTS
@pytest.mark.parametrize("token", [3, 4], ids=["the same lease", "a newer lease"])
async def test_the_same_and_a_newer_lease_may_report(served: Running, report: Report, token: int) -> None:
    document_id = (await uploaded(served)).document_id
    await progress(served, document_id, 3)
    sequence = (await get(served, document_id)).sequence
    await report(served, document_id, token)
    assert (await get(served, document_id)).sequence == sequence + 1
    with refused(reason_pb2.REASON_STALE_LEASE):
        await progress(served, document_id, token - 1)


@REPORTS
async def test_nothing_changes_a_document_that_is_ready(served: Running, report: Report) -> None:
    before = await ready(served)
    await report(served, before.document_id, 7)
    assert await get(served, before.document_id) == before
    assert await progress(served, before.document_id, 8) is True


@REPORTS
async def test_a_document_cancelled_in_between_stays_cancelled(served: Running, report: Report) -> None:
    document_id = (await uploaded(served)).document_id
    await progress(served, document_id, 1)
    await library(served).CancelDocument(messages.CancelDocumentRequest(document_id=document_id))
    await report(served, document_id, 1)
    document = await get(served, document_id)
    assert (document.state, document.failure.reason) == (document_pb2.FAILED, "CANCELLED")
    assert document.passage_count == 0
    assert "document_ready" not in await events_of(served)


async def test_cancelling_twice_changes_nothing(served: Running) -> None:
    document_id = (await uploaded(served)).document_id
    request = messages.CancelDocumentRequest(document_id=document_id)
    first = await library(served).CancelDocument(request)
    assert await library(served).CancelDocument(request) == first


@REPORTS
async def test_a_document_deleted_while_it_is_read_is_missing_for_its_worker(
    served: Running, report: Report
) -> None:
    document_id = (await uploaded(served)).document_id
    await progress(served, document_id, 1)
    await library(served).DeleteDocument(messages.DeleteDocumentRequest(document_id=document_id))
    assert await reason_of(report(served, document_id, 1)) == "NOT_FOUND"
    assert await reason_of(get(served, document_id)) == "NOT_FOUND"


async def test_a_deleted_document_takes_its_bytes_passages_and_atoms_along(served: Running) -> None:
    document_id = (await ready(served)).document_id
    listed = await library(served).ListPassages(messages.ListPassagesRequest(document_id=document_id))
    await library(served).DeleteDocument(messages.DeleteDocumentRequest(document_id=document_id))
    assert await served.runtime.events.wait_until_handled("document", 60)
    assert [key async for key in served.runtime.blobs.list("uploads/")] == []
    request = messages.BatchGetPassagesRequest(passage_ids=[each.passage_id for each in listed.passages])
    assert not (await library(served).BatchGetPassages(request)).passages


async def test_one_ready_event_is_told_however_often_the_completion_is_repeated(served: Running) -> None:
    document_id = (await uploaded(served)).document_id
    for _ in range(3):
        await complete(served, document_id, token=2)
    assert (await events_of(served)).count("document_ready") == 1


async def test_passages_and_atoms_are_refused_until_the_document_is_ready(served: Running) -> None:
    document_id = (await uploaded(served)).document_id
    listing = messages.ListPassagesRequest(document_id=document_id)
    with refused(reason_pb2.REASON_DOCUMENT_NOT_READY):
        await library(served).ListPassages(listing)
    with refused(reason_pb2.REASON_DOCUMENT_NOT_READY):
        await library(served).ListAtoms(messages.ListAtomsRequest(document_id=document_id))
    await complete(served, document_id)
    texts = [passage.text for passage in (await library(served).ListPassages(listing)).passages]
    assert texts == list(SENTENCES)
