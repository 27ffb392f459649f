"""Quizzes of many questions, and documents of many quizzes, cost as many statements as small ones."""

from collections.abc import AsyncIterator

import pytest
from mootion.document.v1 import document_service_pb2
from mootion.llm.v1 import llm_service_pb2, task_pb2
from mootion.quiz.v1 import quiz_pb2
from mootion.quiz.v1 import quiz_service_pb2 as messages

from mesh.testing import Running, running
from services.document.__main__ import build as documents
from services.flowchart.__main__ import build as flowcharts
from services.quiz.__main__ import build
from tests.integration.document.counting import Counts, counting
from tests.integration.document.library import library, ready
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.quiz.questions import attempted, quizzed, quizzes

Counted = tuple[Running, Counts, ScriptedLlm]


@pytest.fixture
async def counted() -> AsyncIterator[Counted]:
    llm = ScriptedLlm()
    with counting() as counts:
        async with running(documents, flowcharts, build, llm.build) as served:
            yield served, counts, llm


def writing(count: int) -> llm_service_pb2.WriteQuestionsResponse:
    """What an engine says that was asked for so many questions."""
    items = [
        task_pb2.Item(
            kind=task_pb2.SHORT_ANSWER, stem=f"What is {number}?", key=task_pb2.AnswerKey(texts=["sesame"])
        )
        for number in range(count)
    ]
    return llm_service_pb2.WriteQuestionsResponse(items=items)


async def quiz_of(counted: Counted, count: int, document_id: str = "") -> quiz_pb2.Quiz:
    served, _, llm = counted
    llm.replies["WriteQuestions"] = writing(count)
    return await quizzed(served, document_id or (await ready(served)).document_id)


async def test_a_quiz_is_made_by_as_many_statements_and_calls_whatever_it_asks(counted: Counted) -> None:
    served, counts, llm = counted
    document_id = (await ready(served)).document_id
    statements, calls = [], []
    for count in (5, 50):
        llm.replies["WriteQuestions"] = writing(count)
        statements.append(await counts.statements_of(quizzed(served, document_id)))
        calls.append(await counts.calls_of(lambda: quizzed(served, document_id)))
    assert statements[0] == statements[1]
    inside = ["GetDocument", "GetDocument", "GetFlowchart", "ListPassages", "WriteQuestions"]
    assert calls == [sorted(["GenerateQuiz", *inside])] * 2


@pytest.mark.parametrize("count", [1, 50])
async def test_an_attempt_is_graded_by_three_statements(counted: Counted, count: int) -> None:
    served, counts, _ = counted
    quiz = await quiz_of(counted, count)
    attempt_id = (await attempted(served, quiz.quiz_id)).attempt_id
    responses = [
        quiz_pb2.QuestionResponse(question_id=question.question_id, text="sesame")
        for question in quiz.questions
    ]
    request = messages.SubmitAttemptRequest(attempt_id=attempt_id, responses=responses)
    assert await counts.statements_of(quizzes(served).SubmitAttempt(request)) == 3


async def test_quizzes_of_a_document_are_listed_by_one_statement_and_deleted_by_as_many(
    counted: Counted,
) -> None:
    served, counts, _ = counted
    seen = []
    for count in (1, 50):
        document_id = (await ready(served)).document_id
        for _number in range(count):
            await attempted(served, (await quiz_of(counted, 2, document_id)).quiz_id)
        listing = messages.ListQuizzesRequest(document_id=document_id, page_size=100)
        assert await counts.statements_of(quizzes(served).ListQuizzes(listing)) == 1
        seen.append(await counts.statements_of(deleted(served, document_id)))
    assert seen[0] == seen[1]


async def deleted(served: Running, document_id: str) -> None:
    """Deletes a document and waits until its quizzes and map are gone too."""
    request = document_service_pb2.DeleteDocumentRequest(document_id=document_id)
    await library(served).DeleteDocument(request)
    for subscription in ("quiz", "flowchart"):
        assert await served.runtime.events.wait_until_handled(subscription, 60)
