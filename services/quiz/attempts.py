"""How an attempt goes from STARTED to SUBMITTED."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from mootion.errors.v1 import reason_pb2
from mootion.llm.v1 import task_pb2
from mootion.quiz.v1 import quiz_pb2

from mesh.errors import CallError, precondition, refused
from services.quiz.grading import grade

Items = Mapping[str, task_pb2.Item]


def started(attempt_id: str, quiz_id: str, question_count: int, now: datetime) -> quiz_pb2.Attempt:
    """A new attempt."""
    attempt = quiz_pb2.Attempt(
        attempt_id=attempt_id,
        quiz_id=quiz_id,
        state=quiz_pb2.STARTED,
        question_count=question_count,
    )
    attempt.start_time.FromDatetime(now)
    return attempt


def answer(
    attempt: quiz_pb2.Attempt, items: Items, response: quiz_pb2.QuestionResponse
) -> quiz_pb2.QuestionResult:
    """Grades one response and keeps the result in the attempt.

    Raises:
        CallError: ATTEMPT_SUBMITTED, UNKNOWN_QUESTION or ALREADY_ANSWERED.
    """
    _refuse_submitted(attempt)
    _check(items, response)
    if any(result.question_id == response.question_id for result in attempt.results):
        raise precondition(
            reason_pb2.REASON_ALREADY_ANSWERED,
            f"Question {response.question_id!r} was answered in this attempt. Start another attempt to try again.",
        )
    result = grade(response.question_id, items[response.question_id], response)
    attempt.results.append(result)
    attempt.correct_count += result.correct
    return result


def submit(
    attempt: quiz_pb2.Attempt,
    items: Items,
    responses: Iterable[quiz_pb2.QuestionResponse],
    now: datetime,
) -> None:
    """Grades everything and ends the attempt. What was answered one at a time stays as it was graded.

    Raises:
        CallError: ATTEMPT_SUBMITTED or UNKNOWN_QUESTION, or a question is answered twice.
    """
    _refuse_submitted(attempt)
    given = _by_question(items, responses)
    known = {result.question_id: result for result in attempt.results}
    results = [
        known.get(question_id) or grade(question_id, item, given.get(question_id))
        for question_id, item in items.items()
    ]
    del attempt.results[:]
    attempt.results.extend(results)
    attempt.correct_count = sum(result.correct for result in results)
    attempt.score = sum(result.credit for result in results) / len(results)
    attempt.state = quiz_pb2.SUBMITTED
    attempt.submit_time.FromDatetime(now)


def _by_question(
    items: Items, responses: Iterable[quiz_pb2.QuestionResponse]
) -> dict[str, quiz_pb2.QuestionResponse]:
    given: dict[str, quiz_pb2.QuestionResponse] = {}
    for response in responses:
        _check(items, response)
        if response.question_id in given:
            raise _unknown(f"Question {response.question_id!r} is answered twice. Send one response each.")
        given[response.question_id] = response
    return given


def _check(items: Items, response: quiz_pb2.QuestionResponse) -> None:
    item = items.get(response.question_id)
    if item is None:
        raise _unknown(f"Question {response.question_id!r} is not in this quiz. Read the quiz again.")
    options = {option.option_id for option in item.options}
    unknown = [option for option in response.option_ids if option not in options]
    if unknown:
        raise _unknown(
            f"Option {unknown[0]!r} is not among those of question {response.question_id!r}: "
            f"{', '.join(sorted(options)) or 'it has none'}."
        )


def _refuse_submitted(attempt: quiz_pb2.Attempt) -> None:
    if attempt.state == quiz_pb2.SUBMITTED:
        raise precondition(
            reason_pb2.REASON_ATTEMPT_SUBMITTED,
            "The attempt was submitted and graded. Start another attempt to try again.",
        )


def _unknown(message: str) -> CallError:
    return refused(reason_pb2.REASON_UNKNOWN_QUESTION, message)
