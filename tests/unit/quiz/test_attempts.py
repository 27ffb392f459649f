"""An attempt is graded once, question by question or as a whole."""

from datetime import UTC, datetime

import pytest
from mootion.errors.v1 import reason_pb2
from mootion.llm.v1 import task_pb2
from mootion.quiz.v1 import quiz_pb2

from mesh.errors import CallError
from services.quiz import attempts

NOW = datetime(2026, 1, 2, tzinfo=UTC)
OPTIONS = [task_pb2.QuestionOption(option_id=key, text=key) for key in "ab"]
ITEMS = {
    name: task_pb2.Item(
        kind=task_pb2.SINGLE_CHOICE, options=OPTIONS, key=task_pb2.AnswerKey(option_ids=["a"])
    )
    for name in ("q1", "q2", "q3", "q4")
}


def response(question: str, option: str) -> quiz_pb2.QuestionResponse:
    return quiz_pb2.QuestionResponse(question_id=question, option_ids=[option])


@pytest.fixture
def attempt() -> quiz_pb2.Attempt:
    return attempts.started("attempt", "quiz", len(ITEMS), NOW)


def test_the_score_is_the_share_of_all_questions(attempt: quiz_pb2.Attempt) -> None:
    attempts.submit(attempt, ITEMS, [response("q1", "a"), response("q3", "b")], NOW)
    assert (attempt.score, attempt.correct_count, attempt.state) == (0.25, 1, quiz_pb2.SUBMITTED)
    assert [result.question_id for result in attempt.results] == list(ITEMS)


def test_what_was_answered_before_stays_as_it_was_graded(attempt: quiz_pb2.Attempt) -> None:
    assert attempts.answer(attempt, ITEMS, response("q2", "b")).correct is False
    attempts.submit(attempt, ITEMS, [response("q2", "a")], NOW)
    assert attempt.correct_count == 0


def test_a_question_is_answered_once(attempt: quiz_pb2.Attempt) -> None:
    attempts.answer(attempt, ITEMS, response("q2", "a"))
    with pytest.raises(CallError) as refused:
        attempts.answer(attempt, ITEMS, response("q2", "b"))
    assert refused.value.reason == reason_pb2.REASON_ALREADY_ANSWERED


def test_a_submitted_attempt_takes_nothing_more(attempt: quiz_pb2.Attempt) -> None:
    attempts.submit(attempt, ITEMS, [], NOW)
    for late in (
        lambda: attempts.submit(attempt, ITEMS, [], NOW),
        lambda: attempts.answer(attempt, ITEMS, response("q1", "a")),
    ):
        with pytest.raises(CallError) as refused:
            late()
        assert refused.value.reason == reason_pb2.REASON_ATTEMPT_SUBMITTED


@pytest.mark.parametrize(
    "responses",
    [[response("q9", "a")], [response("q1", "z")], [response("q1", "a"), response("q1", "b")]],
    ids=["unknown question", "unknown option", "answered twice"],
)
def test_responses_that_do_not_fit_the_quiz_are_refused(
    attempt: quiz_pb2.Attempt, responses: list[quiz_pb2.QuestionResponse]
) -> None:
    with pytest.raises(CallError) as refused:
        attempts.submit(attempt, ITEMS, responses, NOW)
    assert refused.value.reason == reason_pb2.REASON_UNKNOWN_QUESTION
    assert attempt.state == quiz_pb2.STARTED
