"""Answers through the real service: whatever the engine claims, only what a passage of the caller holds gets out."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from google.protobuf.message import Message
from mootion.answer.v1 import answer_service_pb2 as messages
from mootion.answer.v1.answer_service_pb2_grpc import AnswerServiceStub
from mootion.document.v1 import document_pb2
from mootion.llm.v1 import llm_service_pb2, task_pb2

from mesh.testing import Running, running
from services.answer.__main__ import build
from services.answer.service import NOT_FOUND_NOTE
from services.document.__main__ import build as documents
from services.search.__main__ import build as search
from tests.integration.document.library import SENTENCES, passage_id, ready, uploaded
from tests.integration.document.refusals import reason_of
from tests.integration.document.scripted_llm import ScriptedLlm

QUESTION = "Through what does sound travel?"
TRUE = SENTENCES[0]
Lie = Callable[[document_pb2.Passage], document_pb2.Citation]


@pytest.fixture
def llm() -> ScriptedLlm:
    return ScriptedLlm()


@pytest.fixture
async def served(llm: ScriptedLlm) -> AsyncIterator[Running]:
    async with running(documents, search, build, llm.build) as found:
        yield found


def cited(passage: document_pb2.Passage, **changes: object) -> document_pb2.Citation:
    facts = {"document_id": passage.document_id, "passage_id": passage.passage_id, "quote": passage.text}
    return document_pb2.Citation(**{**facts, **changes})  # type: ignore[arg-type]


def saying(*lies: Lie, supported: bool = True) -> Callable[[Any], Message]:
    """An engine that proves one sentence by each lie about the passage that holds the truth."""

    def answer(request: llm_service_pb2.AnswerQuestionRequest) -> llm_service_pb2.AnswerQuestionResponse:
        passage = next(each for each in request.passages if each.text == TRUE)
        sentences = [task_pb2.AnswerSentence(text="It is so.", citations=[lie(passage)]) for lie in lies]
        return llm_service_pb2.AnswerQuestionResponse(
            sentences=sentences,
            supported=supported,
            confidence=0.9,
            engine=task_pb2.EngineInfo(engine="scripted", fallback=True),
        )

    return answer


async def ask(served: Running, *document_ids: str, principal: str = "tester") -> messages.Answer:
    request = messages.AskRequest(question=QUESTION, document_ids=document_ids)
    return (await served.stub(AnswerServiceStub, "answer", principal=principal).Ask(request)).answer


async def test_a_true_sentence_keeps_its_place_and_the_engine_its_name(
    served: Running, llm: ScriptedLlm
) -> None:
    document_id = (await ready(served)).document_id
    llm.replies["AnswerQuestion"] = saying(lambda passage: cited(passage, page=77, start_char=5, end_char=9))
    answer = await ask(served)
    citation = answer.sentences[0].citations[0]
    assert (answer.found, answer.note, answer.dropped_count) == (True, "", 0)
    assert (answer.engine, answer.fallback, answer.confidence) == ("scripted", True, 0.9)
    assert citation == document_pb2.Citation(
        document_id=document_id,
        passage_id=passage_id(document_id, 0),
        page=1,
        start_char=0,
        end_char=len(TRUE),
        quote=TRUE,
    )


LIES: dict[str, Lie] = {
    "a quote that is nowhere": lambda passage: cited(passage, quote="Sound travels through the vacuum well."),
    "a word changed": lambda passage: cited(passage, quote=passage.text.replace("needs", "wants")),
    "a quote of another passage": lambda passage: cited(passage, quote=SENTENCES[1]),
    "a passage nobody showed": lambda passage: cited(passage, passage_id="elsewhere"),
    "too short to prove anything": lambda passage: cited(passage, quote="Sound is"),
    "no quote": lambda passage: cited(passage, quote=""),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_lie_is_dropped_and_counted_beside_what_is_true(
    served: Running, llm: ScriptedLlm, lie: Lie
) -> None:
    await ready(served)
    llm.replies["AnswerQuestion"] = saying(lie, cited)
    answer = await ask(served)
    assert (len(answer.sentences), answer.dropped_count) == (1, 1)
    llm.replies["AnswerQuestion"] = saying(lie)
    answer = await ask(served)
    assert (answer.found, answer.note, answer.confidence) == (False, NOT_FOUND_NOTE, 0.0)


async def test_a_foreign_document_id_is_put_right(served: Running, llm: ScriptedLlm) -> None:
    document_id = (await ready(served)).document_id
    llm.replies["AnswerQuestion"] = saying(lambda passage: cited(passage, document_id="of somebody else"))
    assert (await ask(served)).sentences[0].citations[0].document_id == document_id


async def test_what_the_engine_calls_unsupported_is_not_said(served: Running, llm: ScriptedLlm) -> None:
    await ready(served)
    llm.replies["AnswerQuestion"] = saying(cited, supported=False)
    answer = await ask(served)
    assert (list(answer.sentences), answer.note) == ([], NOT_FOUND_NOTE)


async def test_the_engine_is_shown_passages_of_the_documents_asked_for_only(
    served: Running, llm: ScriptedLlm
) -> None:
    llm.replies["AnswerQuestion"] = saying(cited)
    wanted = (await ready(served)).document_id
    await ready(served)
    await ready(served, "somebody else")
    await ask(served, wanted)
    assert {passage.document_id for passage in llm.requests[-1].passages} == {wanted}
    await ask(served)
    owners = {passage.document_id for passage in llm.requests[-1].passages}
    assert len(owners) == 2


async def test_a_document_that_is_not_ready_or_is_anothers_is_told(served: Running, llm: ScriptedLlm) -> None:
    good = (await ready(served)).document_id
    waiting = (await uploaded(served)).document_id
    foreign = (await ready(served, "somebody else")).document_id
    assert await reason_of(ask(served, good, waiting)) == "DOCUMENT_NOT_READY"
    assert await reason_of(ask(served, good, foreign)) == "NOT_FOUND"
    assert llm.requests == []


async def test_a_choice_is_made_with_proved_citations_only(served: Running, llm: ScriptedLlm) -> None:
    await ready(served)

    def choose(request: llm_service_pb2.ChooseOptionRequest) -> llm_service_pb2.ChooseOptionResponse:
        passage = next(each for each in request.passages if each.text == TRUE)
        lies = [lie(passage) for lie in LIES.values()]
        return llm_service_pb2.ChooseOptionResponse(option_index=1, citations=[*lies, cited(passage)])

    llm.replies["ChooseOption"] = choose
    request = messages.ChooseRequest(question=QUESTION, options=["A vacuum", "A medium"])
    reply = await served.stub(AnswerServiceStub, "answer").Choose(request)
    assert (reply.option_index, [citation.quote for citation in reply.citations]) == (1, [TRUE])


async def test_the_engine_is_told_the_language_of_the_document(served: Running, llm: ScriptedLlm) -> None:
    document = await ready(served)
    assert document.language
    llm.replies["AnswerQuestion"] = saying(cited)
    await ask(served)
    await ask(served, document.document_id)
    assert [request.language for request in llm.requests] == [document.language] * 2


async def test_what_only_an_option_names_is_found_too(served: Running, llm: ScriptedLlm) -> None:
    await ready(served)
    llm.replies["ChooseOption"] = llm_service_pb2.ChooseOptionResponse(option_index=0)
    request = messages.ChooseRequest(question="What is it about?", options=["loud ear", "longitudinal wave"])
    await served.stub(AnswerServiceStub, "answer").Choose(request)
    assert {passage.text for passage in llm.requests[-1].passages} >= {SENTENCES[0], SENTENCES[2]}
