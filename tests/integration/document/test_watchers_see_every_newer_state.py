"""Watching a document: resumable, ended by its end, and told by whichever process changed it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from mootion.document.v1 import document_pb2
from mootion.document.v1 import document_service_pb2 as messages
from mootion.document.v1 import processing_service_pb2 as processing

from mesh.testing import Running, running
from mesh.watch import Notifier
from services.document import __main__ as document
from services.document import store
from services.document.progress import cancelled, fail
from tests.integration.document.library import complete, library, ready, uploaded, worker
from tests.integration.document.refusals import reason_of
from tests.integration.document.waiting import until
from tests.stopwatch import Stopwatch

Seen = list[tuple[int, int]]


@pytest.fixture
async def served() -> AsyncIterator[Running]:
    async with running(document.build) as found:
        yield found


async def watch(served: Running, document_id: str, seen: Seen, after: int = 0) -> Seen:
    request = messages.WatchDocumentRequest(document_id=document_id, after_sequence=after)
    async for reply in library(served).WatchDocument(request):
        seen.append((reply.document.sequence, reply.document.state))
    return seen


async def until_seen(seen: Seen, count: int) -> None:
    async def enough() -> bool:
        return len(seen) >= count

    await until(enough)


async def progress(served: Running, document_id: str, percent: int) -> None:
    request = processing.ReportProgressRequest(
        document_id=document_id, lease_token=1, progress_percent=percent
    )
    await worker(served).ReportProgress(request)


async def test_a_watcher_sees_each_state_and_ends_when_it_is_ready(served: Running) -> None:
    document_id, seen = (await uploaded(served)).document_id, Seen()
    watching = asyncio.create_task(watch(served, document_id, seen))
    await until_seen(seen, 1)
    for percent in (10, 20):
        await progress(served, document_id, percent)
        await until_seen(seen, 1 + percent // 10)
    await complete(served, document_id)
    states = [document_pb2.UPLOADED, document_pb2.PROCESSING, document_pb2.PROCESSING, document_pb2.READY]
    assert await asyncio.wait_for(watching, 60) == list(zip((1, 2, 3, 4), states, strict=True))


async def test_a_watcher_ends_when_the_document_is_cancelled(served: Running) -> None:
    document_id, seen = (await uploaded(served)).document_id, Seen()
    watching = asyncio.create_task(watch(served, document_id, seen))
    await until_seen(seen, 1)
    await library(served).CancelDocument(messages.CancelDocumentRequest(document_id=document_id))
    assert (await asyncio.wait_for(watching, 60))[-1] == (2, document_pb2.FAILED)


async def test_a_watcher_that_comes_back_gets_only_what_it_missed(served: Running) -> None:
    finished = await ready(served)
    assert await watch(served, finished.document_id, [], after=1) == [(2, document_pb2.READY)]
    assert await watch(served, finished.document_id, [], after=2) == []


async def test_a_watcher_ends_with_not_found_when_the_document_is_deleted(served: Running) -> None:
    document_id, seen = (await uploaded(served)).document_id, Seen()
    watching = asyncio.create_task(reason_of(watch(served, document_id, seen)))
    await until_seen(seen, 1)
    await library(served).DeleteDocument(messages.DeleteDocumentRequest(document_id=document_id))
    assert await asyncio.wait_for(watching, 60) == "NOT_FOUND"


async def test_a_watcher_is_woken_and_does_not_wait_for_the_poll(served: Running) -> None:
    document_id, seen = (await uploaded(served)).document_id, Seen()
    watching = asyncio.create_task(watch(served, document_id, seen))
    await until_seen(seen, 1)
    with Stopwatch() as stopwatch:
        for percent in range(1, 41):
            await progress(served, document_id, percent)
            await until_seen(seen, percent + 1)
    assert stopwatch.seconds < 20  # forty polls would take forty seconds
    await complete(served, document_id)
    await watching


async def test_a_change_that_another_process_made_is_seen_by_polling(served: Running) -> None:
    """Nobody in this process is notified: the row is changed as another instance of the service would."""
    document_id, seen = (await uploaded(served)).document_id, Seen()
    watching = asyncio.create_task(watch(served, document_id, seen))
    await until_seen(seen, 1)
    async with served.runtime.database.transaction() as tx:
        found = await store.find_document(tx, "tester", document_id)
        assert found is not None
        fail(found, cancelled(), served.runtime.clock.now())
        await store.save_document(tx, found)
    assert (await asyncio.wait_for(watching, 60))[-1] == (2, document_pb2.FAILED)


async def test_watchers_that_left_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    notifiers: list[Notifier] = []

    class Kept(Notifier):
        def __init__(self) -> None:
            super().__init__()
            notifiers.append(self)

    monkeypatch.setattr(document, "Notifier", Kept)
    async with running(document.build) as served:
        document_id = (await uploaded(served)).document_id
        heard = [Seen() for _ in range(8)]
        watching = [asyncio.create_task(watch(served, document_id, seen)) for seen in heard]
        for seen in heard:
            await until_seen(seen, 1)
        assert len(notifiers[0]._watchers[document_id]) == len(heard)
        for each in watching:
            each.cancel()
        await asyncio.gather(*watching, return_exceptions=True)

        async def forgotten() -> bool:
            return not notifiers[0]._watchers

        await until(forgotten)
