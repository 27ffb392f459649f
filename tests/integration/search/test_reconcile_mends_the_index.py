"""The index is made equal to what the services say, whatever became of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.search.v1 import search_service_pb2 as messages
from mootion.search.v1.search_service_pb2_grpc import SearchServiceStub

from mesh import context
from mesh.config import Settings
from mesh.errors import CallError
from mesh.ports.index import Entry, Index, Replacement
from mesh.ports.open_index import open_index
from mesh.reconcile import TOPIC, Difference, Holding, Order, Reply
from mesh.testing import Running, running
from mesh.worker import Reject, Retry
from services.document.__main__ import build as documents
from services.flowchart.__main__ import build as flowcharts
from services.quiz.__main__ import build as quiz_build
from services.search import __main__ as search_main
from services.search.owned import Owned
from services.search.reconcile import MOST_ATTEMPTS, Reconciler
from services.video.__main__ import build as videos
from tests.integration.document.library import ready
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.flowchart.concepts import REPLIES as MAP_REPLIES
from tests.integration.flowchart.concepts import mapped
from tests.integration.quiz.questions import REPLIES as QUIZ_REPLIES
from tests.integration.quiz.questions import quizzed
from tests.integration.workers.leases import HeldLease

KINDS = ("DOCUMENT", "PASSAGE", "ATOM", "CONCEPT", "QUIZ", "VIDEO")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Index]:
    """The index of the search service, once it is built."""
    found: list[Index] = []

    def opening(settings: Settings) -> Index:
        found.append(open_index(settings))
        return found[-1]

    monkeypatch.setattr(search_main, "open_index", opening)
    return found


@pytest.fixture
async def served(opened: list[Index]) -> AsyncIterator[Running]:
    llm = ScriptedLlm({**MAP_REPLIES, **QUIZ_REPLIES})
    async with running(documents, flowcharts, quiz_build, videos, search_main.build, llm.build) as found:
        yield found


@pytest.fixture
async def holding(served: Running) -> Holding:
    """A document with its map and a quiz, all of it in the index."""
    document_id = (await ready(served)).document_id
    await mapped(served, document_id)
    quiz = await quizzed(served, document_id)
    assert await served.runtime.events.wait_until_handled("search", 60)
    return Holding("tester", [document_id], {quiz.quiz_id: document_id})


async def all_of(index: Index, holding: Holding) -> list[Entry]:
    found = await index.entries(holding.owner_id, holding.documents[0])
    return sorted(found, key=lambda entry: (entry.kind, entry.id))


async def test_what_events_made_is_what_the_services_say(
    served: Running, opened: list[Index], holding: Holding
) -> None:
    found = await compared(served, opened[0], holding, dry_run=True)
    assert found.is_none
    assert found.compared == len(await all_of(opened[0], holding)) > 5


async def test_missing_stale_and_extra_entries_are_mended_and_only_counted_in_a_dry_run(
    served: Running, opened: list[Index], holding: Holding
) -> None:
    index, document_id = opened[0], holding.documents[0]
    before = await all_of(index, holding)
    passage = next(entry for entry in before if entry.kind == "PASSAGE")
    atom = next(entry for entry in before if entry.kind == "ATOM")
    await index.replace(Replacement(["PASSAGE"], document_id, ids=[passage.id]))
    await index.replace(
        Replacement(["ATOM"], document_id, ids=[atom.id], entries=[replace(atom, text="Something else.")])
    )
    ghosts = [Entry("QUIZ", "ghost", "tester", document_id, "A ghost", "Boo?")]
    ghosts.append(Entry("PASSAGE", "lost", "tester", "gone", "Lost", "Nobody has this any more."))
    for ghost in ghosts:
        await index.replace(Replacement([ghost.kind], ids=[ghost.id], entries=[ghost]))
    for dry_run in (True, False):
        found = await compared(served, index, holding, dry_run)
        assert (found.missing, found.stale, found.extra) == (1, 1, 2)
    assert await all_of(index, holding) == before
    assert await index.documents("tester") == [document_id]
    assert (await compared(served, index, holding, dry_run=True)).is_none


async def test_a_lost_index_is_filled_by_an_order(
    served: Running, opened: list[Index], holding: Holding
) -> None:
    before = await all_of(opened[0], holding)
    await opened[0].replace(Replacement(KINDS, holding.documents[0]))
    assert await opened[0].owners() == []
    order = Order("reconcile/run/1", holdings=[holding])
    await served.runtime.queue.publish(TOPIC, "1", order.encoded())
    reply = await replied(served, order.reply_key)
    assert reply.difference == Difference(len(before), missing=len(before))
    assert await all_of(opened[0], holding) == before
    request = messages.SearchRequest(query="sound")
    assert (await served.stub(SearchServiceStub, "search").Search(request)).hits


async def test_whom_only_the_index_knows_has_nothing_left(
    served: Running, opened: list[Index], holding: Holding
) -> None:
    ghost = Entry("DOCUMENT", "d", "stranger", "d", "Left behind", "Left behind")
    await opened[0].replace(Replacement(["DOCUMENT"], "d", entries=[ghost]))
    order = Order("reconcile/run/2")
    await served.runtime.queue.publish(TOPIC, "2", order.encoded())
    assert sorted((await replied(served, order.reply_key)).owners) == ["stranger", "tester"]
    found = await compared(served, opened[0], Holding("stranger"), dry_run=False)
    assert found == Difference(1, extra=1)
    assert await opened[0].owners() == ["tester"]


async def test_what_changes_while_it_is_mended_ends_as_the_services_say(
    served: Running, opened: list[Index], holding: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's older entries land in the index between the change and the look after it."""
    index = opened[0]
    before = await all_of(index, holding)
    await index.replace(Replacement(KINDS, holding.documents[0]))
    meddled = iter([True, True])
    write = type(index).replace

    async def meddling(self: Index, change: Replacement) -> None:
        await write(self, change)
        if next(meddled, False):
            await write(self, Replacement(KINDS, holding.documents[0]))

    monkeypatch.setattr(type(index), "replace", meddling)
    await compared(served, index, holding, dry_run=False)
    assert await all_of(index, holding) == before


async def test_a_service_that_does_not_answer_is_waited_for_and_named_when_it_never_does(
    served: Running, opened: list[Index], holding: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(self: object, owner_id: str, document_id: str) -> list[Entry]:
        raise CallError(
            grpc.StatusCode.UNAVAILABLE,
            reason_pb2.REASON_DEPENDENCY_UNAVAILABLE,
            "The flowchart service does not answer.",
        )

    monkeypatch.setattr(Owned, "_concepts", away)
    order = Order("reconcile/run/3", holdings=[holding])
    with context.working_as("search"):
        reconciler = Reconciler(served.runtime, opened[0])
        with pytest.raises(Retry):
            await reconciler.handle(HeldLease(TOPIC, "3", order.encoded(), attempt=MOST_ATTEMPTS - 1))
        with pytest.raises(Reject, match="DEPENDENCY_UNAVAILABLE: The flowchart service does not answer"):
            await reconciler.handle(HeldLease(TOPIC, "3", order.encoded(), attempt=MOST_ATTEMPTS))
    assert not await served.runtime.blobs.exists(order.reply_key)


async def compared(served: Running, index: Index, holding: Holding, dry_run: bool) -> Difference:
    with context.working_as("search"):
        return await Reconciler(served.runtime, index).compare(holding, dry_run)


async def replied(served: Running, key: str) -> Reply:
    async with asyncio.timeout(90):
        while not await served.runtime.blobs.exists(key):  # noqa: ASYNC110 - stored by the consumer
            await asyncio.sleep(0.05)
    return Reply.decoded(await served.runtime.blobs.read(key))
