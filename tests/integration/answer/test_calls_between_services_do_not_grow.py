"""What is asked of many documents, found among them or indexed of a long one costs as many calls as of one."""

from collections.abc import AsyncIterator

import pytest
from mootion.answer.v1 import answer_service_pb2 as messages
from mootion.answer.v1.answer_service_pb2_grpc import AnswerServiceStub
from mootion.llm.v1 import llm_service_pb2
from mootion.search.v1 import search_service_pb2
from mootion.search.v1.search_service_pb2_grpc import SearchServiceStub

from mesh.testing import Running, running
from services.answer.__main__ import build
from services.document.__main__ import build as documents
from services.search.__main__ import build as search
from tests.integration.document.counting import Counts, counting
from tests.integration.document.library import complete, ready, uploaded
from tests.integration.document.scripted_llm import ScriptedLlm

LONG = [f"Sound of kind {number} needs a medium." for number in range(500)]


@pytest.fixture
async def counted() -> AsyncIterator[tuple[Running, Counts]]:
    llm = ScriptedLlm({"AnswerQuestion": llm_service_pb2.AnswerQuestionResponse()})
    with counting() as counts:
        async with running(documents, search, build, llm.build) as served:
            yield served, counts


async def shelf(served: Running, count: int) -> list[str]:
    """So many documents on one subject, in the index."""
    made = [(await ready(served, sentences=[f"Sound {n} is a wave."])).document_id for n in range(count)]
    assert await served.runtime.events.wait_until_handled("search", 60)
    return made


@pytest.mark.parametrize("count", [1, 10])
async def test_a_question_to_ten_documents_makes_as_many_calls_as_to_one(
    counted: tuple[Running, Counts], count: int
) -> None:
    served, counts = counted
    request = messages.AskRequest(question="What is sound?", document_ids=await shelf(served, count))
    calls = await counts.calls_of(lambda: served.stub(AnswerServiceStub, "answer").Ask(request))
    assert calls == ["AnswerQuestion", "Ask", "BatchGetPassages", "GetDocument", "Search"]


async def test_documents_that_say_nothing_of_the_question_are_asked_for_one_by_one(
    counted: tuple[Running, Counts],
) -> None:
    served, counts = counted
    silent = [(await ready(served, sentences=["Nothing here."])).document_id for _ in range(3)]
    request = messages.AskRequest(question="sound", document_ids=[*await shelf(served, 2), *silent])
    calls = await counts.calls_of(lambda: served.stub(AnswerServiceStub, "answer").Ask(request))
    assert calls.count("GetDocument") == 1 + len(silent)


@pytest.mark.parametrize("count", [1, 10])
async def test_a_search_calls_no_other_service(counted: tuple[Running, Counts], count: int) -> None:
    served, counts = counted
    await shelf(served, count)
    request = search_service_pb2.SearchRequest(query="sound", page_size=100)
    calls = await counts.calls_of(lambda: served.stub(SearchServiceStub, "search").Search(request))
    assert calls == ["Search"]


@pytest.mark.parametrize("sentences", [LONG[:1], LONG])
async def test_a_document_is_indexed_by_three_calls(
    counted: tuple[Running, Counts], sentences: list[str]
) -> None:
    served, counts = counted
    document_id = (await uploaded(served)).document_id
    assert await served.runtime.events.wait_until_handled("search", 60)

    async def indexed() -> None:
        await complete(served, document_id, sentences=sentences)
        assert await served.runtime.events.wait_until_handled("search", 60)

    calls = await counts.calls_of(indexed)
    assert calls == ["CompleteProcessing", "GetDocument", "ListAtoms", "ListPassages"]
