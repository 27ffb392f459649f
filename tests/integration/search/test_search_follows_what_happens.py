"""From events to hits: what was written is found, what was deleted is not, and nobody finds another's."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from mootion.document.v1 import document_service_pb2
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2
from mootion.quiz.v1 import quiz_service_pb2
from mootion.search.v1 import search_service_pb2 as messages
from mootion.search.v1.search_service_pb2_grpc import SearchServiceStub

from mesh.ports.index_tantivy import TantivyIndex
from mesh.runtime import Runtime
from mesh.service import Parts
from mesh.testing import Running, running
from services.document.__main__ import build as documents
from services.flowchart.__main__ import build as flowcharts
from services.quiz.__main__ import build as quiz_build
from services.search import indexer as indexing
from services.search import service as searching
from services.search.__main__ import build
from tests.integration.document.library import complete, library, passage_id, ready, uploaded
from tests.integration.document.refusals import reason_of, refused
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.flowchart.concepts import REPLIES as MAP_REPLIES
from tests.integration.flowchart.concepts import mapped
from tests.integration.quiz.questions import REPLIES as QUIZ_REPLIES
from tests.integration.quiz.questions import SECRETS, quizzed, quizzes
from tests.stopwatch import Stopwatch

OF_DOCUMENTS = {messages.DOCUMENT, messages.PASSAGE, messages.ATOM}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that waits for the index for as long as a call may take: a busy machine is no index that lags."""
    monkeypatch.setattr(searching, "CATCH_UP_SECONDS", 60.0)


@pytest.fixture
async def served() -> AsyncIterator[Running]:
    llm = ScriptedLlm({**MAP_REPLIES, **QUIZ_REPLIES})
    async with running(documents, flowcharts, quiz_build, build, llm.build) as found:
        yield found


async def search(
    served: Running, query: str, principal: str = "tester", **fields: object
) -> messages.SearchResponse:
    request = messages.SearchRequest(query=query, **fields)  # type: ignore[arg-type]
    return await served.stub(SearchServiceStub, "search", principal=principal).Search(request)


async def ids(served: Running, query: str, principal: str = "tester", **fields: object) -> set[str]:
    return {hit.id for hit in (await search(served, query, principal, **fields)).hits}


async def delete(served: Running, document_id: str) -> None:
    request = document_service_pb2.DeleteDocumentRequest(document_id=document_id)
    await library(served).DeleteDocument(request)


async def publish(served: Running, *events: event_pb2.Event) -> None:
    for event in events:
        async with served.runtime.database.transaction() as tx:
            tx.publish(event)
    assert await served.runtime.events.wait_until_handled("search", 60)


async def test_what_was_written_is_found_at_once(served: Running) -> None:
    for number in range(4):
        word = f"zygote{'abcd'[number]}"
        document_id = (await ready(served, sentences=[f"The {word} is a cell."])).document_id
        hits = (await search(served, word, kinds=[messages.PASSAGE])).hits
        assert [(hit.id, hit.document_id, hit.page) for hit in hits] == [
            (passage_id(document_id, 0), document_id, 1)
        ]


async def test_an_upload_is_found_by_its_name_before_it_is_read(served: Running) -> None:
    document_id = (await uploaded(served)).document_id
    assert await ids(served, "waves") == {document_id}
    await complete(served, document_id)
    assert document_id in await ids(served, "waves", kinds=[messages.DOCUMENT])


async def test_maps_and_quizzes_are_found_without_their_keys(served: Running) -> None:
    document_id = (await ready(served)).document_id
    chart, quiz = await mapped(served, document_id), await quizzed(served, document_id)
    echo = next(node.node_id for node in chart.nodes if node.name == "Echo")
    assert await ids(served, "echo", kinds=[messages.CONCEPT]) == {echo}
    assert await ids(served, "opens", kinds=[messages.QUIZ]) == {quiz.quiz_id}
    for secret in SECRETS:
        assert not await ids(served, f'"{secret}"')


async def test_nothing_of_a_deleted_document_is_found(served: Running) -> None:
    document_id, kept = [(await ready(served)).document_id for _ in range(2)]
    await mapped(served, document_id)
    await quizzed(served, document_id)
    await delete(served, document_id)
    for query in ("sound", "waves", "echo", "opens"):
        hits = (await search(served, query)).hits
        assert {hit.document_id for hit in hits} <= {kept}
    assert await ids(served, "sound", kinds=[messages.PASSAGE])


async def test_a_deleted_quiz_is_not_found(served: Running) -> None:
    quiz = await quizzed(served, (await ready(served)).document_id)
    assert await ids(served, "opens", kinds=[messages.QUIZ])
    await quizzes(served).DeleteQuiz(quiz_service_pb2.DeleteQuizRequest(quiz_id=quiz.quiz_id))
    assert not await ids(served, "opens", kinds=[messages.QUIZ])


def happened(document_id: str) -> list[event_pb2.Event]:
    return [
        event_pb2.Event(
            owner_id="tester", document_uploaded=event_pb2.DocumentUploaded(document_id=document_id)
        ),
        event_pb2.Event(owner_id="tester", document_ready=event_pb2.DocumentReady(document_id=document_id)),
        event_pb2.Event(
            owner_id="tester", flowchart_changed=event_pb2.FlowchartChanged(document_id=document_id)
        ),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 1, 2, 2)])
async def test_repeated_and_reordered_events_leave_each_thing_once(
    served: Running, order: tuple[int, ...]
) -> None:
    document_id = (await ready(served)).document_id
    await mapped(served, document_id)
    before = await search(served, "sound", page_size=50)
    events = happened(document_id)
    await publish(served, *(events[number] for number in order))
    after = await search(served, "sound", page_size=50)
    assert sorted(hit.id for hit in after.hits) == sorted(hit.id for hit in before.hits)
    assert list(after.facets) == list(before.facets)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
async def test_events_that_come_after_the_deletion_bring_nothing_back(
    served: Running, order: tuple[int, ...]
) -> None:
    document_id = (await ready(served)).document_id
    await mapped(served, document_id)
    await delete(served, document_id)
    events = happened(document_id)
    await publish(served, *(events[number] for number in order))
    assert not await ids(served, "sound")


async def test_a_map_that_outlives_its_document_for_a_moment_does_not_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The flowchart service follows the deletion later than search does."""

    def lagging(runtime: Runtime) -> Parts:
        parts = flowcharts(runtime)
        return Parts(parts.name, parts.servicers, start=parts.start)

    llm = ScriptedLlm(dict(MAP_REPLIES))
    async with running(documents, lagging, build, llm.build) as served:
        document_id = (await ready(served)).document_id
        await mapped(served, document_id)
        await delete(served, document_id)
        await publish(served, happened(document_id)[2])
        assert not await ids(served, "echo")


async def test_a_search_answers_in_time_when_the_index_lags(
    served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ready(served)
    assert await ids(served, "sound")
    monkeypatch.setattr(searching, "CATCH_UP_SECONDS", 0.2)
    stuck = asyncio.Event()

    async def held_up(*_: object) -> None:
        await stuck.wait()

    monkeypatch.setattr(TantivyIndex, "replace", held_up)
    await ready(served, sentences=["A quagga is no zebra."])
    with Stopwatch() as watch:
        assert not await ids(served, "quagga")
        assert await ids(served, "sound")
    assert watch.seconds < 3
    monkeypatch.undo()
    stuck.set()
    # The held up change was let go without effect; it is made again by the next event.
    await ready(served, sentences=["A quagga is extinct."])
    assert await ids(served, "quagga")


async def test_one_finds_only_what_is_ones_own(served: Running) -> None:
    mine = (await ready(served, "ann")).document_id
    theirs = (await ready(served, "bob")).document_id
    for principal, document_id in (("ann", mine), ("bob", theirs)):
        hits = (await search(served, "sound", principal)).hits
        assert hits
        assert {hit.document_id for hit in hits} == {document_id}
    assert not await ids(served, "sound", "ann", document_ids=[theirs])
    assert not await ids(served, "sound", "eve")
    suggest = messages.SuggestRequest(prefix="wav")
    assert not (await served.stub(SearchServiceStub, "search", principal="eve").Suggest(suggest)).suggestions
    assert (await served.stub(SearchServiceStub, "search", principal="ann").Suggest(suggest)).suggestions


async def test_a_document_filter_narrows_to_these_documents(served: Running) -> None:
    made = [(await ready(served)).document_id for _ in range(3)]
    hits = (await search(served, "sound", document_ids=made[:2], page_size=50)).hits
    assert {hit.document_id for hit in hits} == set(made[:2])


@pytest.mark.parametrize("size", [1, 3, 10])
async def test_pages_hold_every_hit_once(served: Running, size: int) -> None:
    await ready(served, sentences=[f"Sound number {number} is loud." for number in range(10)])
    seen: list[str] = []
    token = ""
    while True:
        reply = await search(served, "sound", kinds=[messages.PASSAGE], page_size=size, page_token=token)
        assert reply.total_count == 10
        seen += [hit.id for hit in reply.hits]
        token = reply.next_page_token
        if not token:
            break
    assert len(seen) == len(set(seen)) == 10


async def test_a_token_of_another_search_is_refused(served: Running) -> None:
    await ready(served)
    first = await search(served, "sound", page_size=1)
    with refused(reason_pb2.REASON_INVALID_PAGE_TOKEN):
        await search(served, "wave", page_size=1, page_token=first.next_page_token)


async def test_a_service_that_is_away_for_a_moment_is_waited_for(
    served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([True, True])
    follow = indexing.Indexer._document_ready

    async def flaky(self: indexing.Indexer, event: event_pb2.Event) -> object:
        if next(failures, False):
            raise OSError("away")
        return await follow(self, event)

    monkeypatch.setattr(indexing.Indexer, "_document_ready", flaky)
    await ready(served)
    assert await ids(served, "sound", kinds=[messages.PASSAGE])
    assert await reason_of(search(served, "")) == "INVALID_FIELD"
