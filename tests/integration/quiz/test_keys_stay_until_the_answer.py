"""Quizzes without their keys, attempts graded once, and both gone with the document."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from google.protobuf.message import Message
from mootion.document.v1 import document_service_pb2
from mootion.errors.v1 import reason_pb2
from mootion.llm.v1 import llm_service_pb2
from mootion.quiz.v1 import quiz_pb2
from mootion.quiz.v1 import quiz_service_pb2 as messages
from sqlalchemy import func, select

from mesh.errors import CallError
from mesh.pages import collect
from mesh.testing import Running, running
from services.document.__main__ import build as documents
from services.flowchart.__main__ import build as flowcharts
from services.quiz import store
from services.quiz.__main__ import build
from tests.integration.document.library import library, ready, uploaded
from tests.integration.document.refusals import reason_of, refused
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.quiz.questions import REPLIES, SECRETS, attempted, quizzed, quizzes, right_answers


@pytest.fixture
def llm() -> ScriptedLlm:
    return ScriptedLlm(dict(REPLIES))


@pytest.fixture
async def served(llm: ScriptedLlm) -> AsyncIterator[Running]:
    async with running(documents, flowcharts, build, llm.build) as found:
        yield found


@pytest.fixture
async def quiz(served: Running) -> quiz_pb2.Quiz:
    return await quizzed(served, (await ready(served)).document_id)


async def delete_document(served: Running, document_id: str) -> None:
    request = document_service_pb2.DeleteDocumentRequest(document_id=document_id)
    await library(served).DeleteDocument(request)
    assert await served.runtime.events.wait_until_handled("quiz", 60)


async def rows(served: Running) -> list[int]:
    async with served.runtime.database.reading() as reader:
        counts = [
            (await reader.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (store.quizzes, store.items, store.attempts)
        ]
    return [int(count) for count in counts]


async def test_no_reply_before_an_answer_holds_anything_of_a_key(
    served: Running, quiz: quiz_pb2.Quiz
) -> None:
    client = quizzes(served)
    started = await client.StartAttempt(messages.StartAttemptRequest(quiz_id=quiz.quiz_id))
    replies: list[Message] = [
        quiz,
        await client.GetQuiz(messages.GetQuizRequest(quiz_id=quiz.quiz_id)),
        await client.ListQuizzes(messages.ListQuizzesRequest()),
        started,
        await client.GetAttempt(messages.GetAttemptRequest(attempt_id=started.attempt.attempt_id)),
    ]
    for reply in replies:
        found = [secret for secret in SECRETS if secret.encode() in reply.SerializeToString()]
        assert found == [], type(reply).__name__


async def test_an_answer_brings_the_key_of_its_own_question_only(
    served: Running, quiz: quiz_pb2.Quiz
) -> None:
    attempt = await attempted(served, quiz.quiz_id)
    request = messages.AnswerQuestionRequest(attempt_id=attempt.attempt_id, response=right_answers(quiz)[0])
    reply = await quizzes(served).AnswerQuestion(request)
    assert reply.result.correct
    assert reply.result.explanation == "because-marmalade"
    kept = await quizzes(served).GetAttempt(messages.GetAttemptRequest(attempt_id=attempt.attempt_id))
    for message in (reply, kept):
        assert b"sesame" not in message.SerializeToString()


async def test_a_repeat_with_the_same_request_id_makes_one_quiz(served: Running, llm: ScriptedLlm) -> None:
    document_id = (await ready(served)).document_id
    first = await quizzed(served, document_id, request_id="once")
    assert await quizzed(served, document_id, request_id="once") == first
    assert len(llm.requests) == 1


async def test_an_attempt_is_started_once_for_one_request_id(served: Running, quiz: quiz_pb2.Quiz) -> None:
    request = messages.StartAttemptRequest(quiz_id=quiz.quiz_id, request_id="once")
    replies = await asyncio.gather(*(quizzes(served).StartAttempt(request) for _ in range(4)))
    assert len({reply.attempt.attempt_id for reply in replies}) == 1
    assert (await rows(served))[2] == 1


async def test_a_repeated_submission_gets_the_same_result(served: Running, quiz: quiz_pb2.Quiz) -> None:
    attempt = await attempted(served, quiz.quiz_id)
    request = messages.SubmitAttemptRequest(
        attempt_id=attempt.attempt_id, responses=right_answers(quiz), request_id="once"
    )
    first = await quizzes(served).SubmitAttempt(request)
    assert (first.attempt.score, first.attempt.correct_count) == (1.0, 3)
    assert await quizzes(served).SubmitAttempt(request) == first
    request.responses[1].text = "something else"
    with refused(reason_pb2.REASON_REQUEST_ID_REUSED):
        await quizzes(served).SubmitAttempt(request)


async def test_of_submissions_at_once_exactly_one_is_graded(served: Running, quiz: quiz_pb2.Quiz) -> None:
    attempt_id = (await attempted(served, quiz.quiz_id)).attempt_id
    right = messages.SubmitAttemptRequest(attempt_id=attempt_id, responses=right_answers(quiz))
    empty = messages.SubmitAttemptRequest(attempt_id=attempt_id)
    calls = [quizzes(served).SubmitAttempt(request) for request in (right, empty, right, empty)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    graded = [result for result in results if not isinstance(result, BaseException)]
    refusals = [error.reason for error in results if isinstance(error, CallError)]
    assert refusals == [reason_pb2.REASON_ATTEMPT_SUBMITTED] * 3
    kept = await quizzes(served).GetAttempt(messages.GetAttemptRequest(attempt_id=attempt_id))
    assert [result.attempt for result in graded] == [kept.attempt]


async def test_of_answers_to_one_question_at_once_exactly_one_counts(
    served: Running, quiz: quiz_pb2.Quiz
) -> None:
    attempt_id = (await attempted(served, quiz.quiz_id)).attempt_id
    request = messages.AnswerQuestionRequest(attempt_id=attempt_id, response=right_answers(quiz)[1])
    reasons = await asyncio.gather(*(reason_of(quizzes(served).AnswerQuestion(request)) for _ in range(4)))
    assert sorted(reasons) == ["", *["ALREADY_ANSWERED"] * 3]


async def test_quizzes_are_listed_page_by_page_and_by_document(served: Running, quiz: quiz_pb2.Quiz) -> None:
    other = await quizzed(served, (await ready(served)).document_id)
    more = await quizzed(served, quiz.document_id)
    listing = messages.ListQuizzesRequest(page_size=1)
    found = await collect(quizzes(served).ListQuizzes, listing, "quizzes")
    assert [each.quiz_id for each in found] == [more.quiz_id, other.quiz_id, quiz.quiz_id]
    listing = messages.ListQuizzesRequest(page_size=1, document_id=quiz.document_id)
    found = await collect(quizzes(served).ListQuizzes, listing, "quizzes")
    assert [each.quiz_id for each in found] == [more.quiz_id, quiz.quiz_id]


async def test_nothing_is_kept_of_a_quiz_without_questions(served: Running, llm: ScriptedLlm) -> None:
    llm.replies["WriteQuestions"] = llm_service_pb2.WriteQuestionsResponse()
    with refused(reason_pb2.REASON_TOO_LITTLE_CONTENT):
        await quizzed(served, (await ready(served)).document_id)
    assert await rows(served) == [0, 0, 0]


async def test_a_document_that_is_not_ready_has_no_quiz(served: Running) -> None:
    with refused(reason_pb2.REASON_DOCUMENT_NOT_READY):
        await quizzed(served, (await uploaded(served)).document_id)


async def test_a_deleted_document_takes_its_quizzes_and_attempts_along(
    served: Running, quiz: quiz_pb2.Quiz
) -> None:
    kept = await quizzed(served, (await ready(served)).document_id)
    for quiz_id in (quiz.quiz_id, kept.quiz_id):
        await attempted(served, quiz_id)
    await delete_document(served, quiz.document_id)
    assert await rows(served) == [1, 3, 1]
    assert await reason_of(attempted(served, quiz.quiz_id)) == "NOT_FOUND"
    assert await reason_of(attempted(served, kept.quiz_id)) == ""


async def test_a_deleted_quiz_takes_its_attempts_along(served: Running, quiz: quiz_pb2.Quiz) -> None:
    attempt_id = (await attempted(served, quiz.quiz_id)).attempt_id
    await quizzes(served).DeleteQuiz(messages.DeleteQuizRequest(quiz_id=quiz.quiz_id))
    reading = quizzes(served).GetAttempt(messages.GetAttemptRequest(attempt_id=attempt_id))
    assert await reason_of(reading) == "NOT_FOUND"
    assert await rows(served) == [0, 0, 0]


async def test_a_document_deleted_while_its_quiz_is_made_leaves_no_quiz(
    served: Running, llm: ScriptedLlm
) -> None:
    document_id = (await ready(served)).document_id

    async def deleting(_request: object) -> object:
        await delete_document(served, document_id)
        return REPLIES["WriteQuestions"]

    llm.replies["WriteQuestions"] = deleting
    with refused(reason_pb2.REASON_NOT_FOUND):
        await quizzed(served, document_id)
    assert await rows(served) == [0, 0, 0]
