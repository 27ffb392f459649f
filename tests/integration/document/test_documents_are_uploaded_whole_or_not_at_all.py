"""An upload becomes one document with its bytes and its job, or leaves nothing behind."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.document.v1 import processing_service_pb2 as processing
from mootion.errors.v1 import reason_pb2

from mesh.runtime import Runtime
from mesh.service import Parts
from mesh.testing import Running, running
from services.document import upload
from services.document.__main__ import build
from tests.integration.document.library import PDF, library, trickled, upload_parts
from tests.integration.document.refusals import refused
from tests.integration.document.waiting import until

TOPIC = "document.process"


@pytest.fixture
async def served() -> AsyncIterator[Running]:
    async with running(build) as found:
        yield found


async def blobs_of(served: Running) -> list[str]:
    return [key async for key in served.runtime.blobs.list("uploads/")]


async def count_of(served: Running) -> int:
    request = document_service_pb2.ListDocumentsRequest()
    return len((await library(served).ListDocuments(request)).documents)


async def test_many_small_chunks_become_the_bytes_that_were_sent(served: Running) -> None:
    reply = await library(served).UploadDocument(trickled(upload_parts(chunk=7)))
    document = reply.document
    assert (document.state, document.sequence, document.title) == (document_pb2.UPLOADED, 1, "waves")
    assert (document.size_bytes, document.version_hash) == (len(PDF), hashlib.sha256(PDF).hexdigest())
    lease = await served.runtime.queue.lease(TOPIC, wait_seconds=1)
    assert lease is not None
    job = processing.ProcessDocumentJob.FromString(lease.body)
    assert (job.document_id, job.owner_id) == (document.document_id, "tester")
    assert await served.runtime.blobs.read(job.blob_key) == PDF


async def test_a_path_in_the_file_name_is_left_out(served: Running) -> None:
    reply = await library(served).UploadDocument(upload_parts(name="C:\\Users\\me\\..\\notes.v2.pdf"))
    assert (reply.document.filename, reply.document.title) == ("notes.v2.pdf", "notes.v2")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", reason_pb2.REASON_EMPTY_UPLOAD),
        (b"MZ" + bytes(5000), reason_pb2.REASON_UNSUPPORTED_DOCUMENT_TYPE),
        (b"GIF89a", reason_pb2.REASON_UNSUPPORTED_DOCUMENT_TYPE),
        (bytes(1024) + b"%PDF-", reason_pb2.REASON_UNSUPPORTED_DOCUMENT_TYPE),
        (b"%PDF-" + bytes(60_000), reason_pb2.REASON_UPLOAD_TOO_LARGE),
    ],
    ids=["empty", "a program", "a picture", "a mark too late", "too large"],
)
async def test_what_is_refused_leaves_no_bytes_no_row_and_no_job(
    served: Running, monkeypatch: pytest.MonkeyPatch, data: bytes, reason: reason_pb2.Reason.ValueType
) -> None:
    monkeypatch.setattr(upload, "MOST_BYTES", 50_000)
    with refused(reason):
        await library(served).UploadDocument(upload_parts(data))
    assert (await blobs_of(served), await count_of(served)) == ([], 0)
    assert await served.runtime.queue.depth(TOPIC) == 0


async def test_an_upload_that_breaks_off_leaves_nothing(served: Running) -> None:
    async def broken() -> AsyncIterator[document_service_pb2.UploadDocumentRequest]:
        for part in islice(upload_parts(), 2):
            yield part
        raise ConnectionResetError

    with pytest.raises(Exception):  # noqa: B017 - whatever the client makes of its own failure
        await library(served).UploadDocument(broken())

    async def nothing_is_left() -> bool:
        return not await blobs_of(served)

    await until(nothing_is_left)
    assert await count_of(served) == 0


async def test_a_repeat_with_the_same_request_id_is_the_same_document_however_it_is_cut(
    served: Running,
) -> None:
    first = await library(served).UploadDocument(upload_parts(chunk=5000, request_id="once"))
    again = await library(served).UploadDocument(upload_parts(chunk=333, request_id="once"))
    assert again == first
    assert (len(await blobs_of(served)), await served.runtime.queue.depth(TOPIC)) == (1, 1)


async def test_two_equal_uploads_at_once_make_one_document(served: Running) -> None:
    calls = [library(served).UploadDocument(upload_parts(request_id="once")) for _ in range(4)]
    replies = await asyncio.gather(*calls)
    assert len({reply.document.document_id for reply in replies}) == 1
    assert (len(await blobs_of(served)), await count_of(served)) == (1, 1)


async def test_a_request_id_is_not_good_for_other_bytes(served: Running) -> None:
    await library(served).UploadDocument(upload_parts(request_id="once"))
    with refused(reason_pb2.REASON_REQUEST_ID_REUSED):
        await library(served).UploadDocument(upload_parts(PDF + b"more", request_id="once"))
    assert (len(await blobs_of(served)), await count_of(served)) == (1, 1)


async def test_request_ids_of_two_people_do_not_meet(served: Running) -> None:
    first = await library(served, "ann").UploadDocument(upload_parts(request_id="once"))
    other = await library(served, "bob").UploadDocument(upload_parts(request_id="once"))
    assert first.document.document_id != other.document.document_id


async def test_a_call_cancelled_while_it_commits_keeps_the_bytes_of_what_it_committed() -> None:
    """The commit has no way back: the row is there although the call ends as cancelled."""
    committed = asyncio.Event()

    def cancelled_build(runtime: Runtime) -> Parts:
        return build(_CancelledAfterCommit.over(runtime, committed))

    async with running(cancelled_build) as served:
        with pytest.raises(Exception):  # noqa: B017 - cancelled on the way, whatever the client makes of it
            await library(served).UploadDocument(upload_parts(), timeout=5)
        assert committed.is_set()
        assert await count_of(served) == 1
        assert len(await blobs_of(served)) == 1


class _CancelledAfterCommit:
    """A database whose next transaction with a document in it commits and then ends as cancelled."""

    def __init__(self, runtime: Runtime, committed: asyncio.Event) -> None:
        self._database = runtime.database
        self._committed = committed

    @classmethod
    def over(cls, runtime: Runtime, committed: asyncio.Event) -> Runtime:
        return replace(runtime, database=cls(runtime, committed))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def transaction(self) -> "_Cancelling":
        return _Cancelling(self._database.transaction(), self._committed)


class _Cancelling:
    def __init__(self, inner: Any, committed: asyncio.Event) -> None:
        self._inner = inner
        self._committed = committed

    async def __aenter__(self) -> Any:
        return await self._inner.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        await self._inner.__aexit__(*error)
        if error[0] is None and not self._committed.is_set():
            self._committed.set()
            raise asyncio.CancelledError
