"""A small quiz whose keys can be told from everything else by their words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mootion.document.v1 import document_pb2
from mootion.llm.v1 import llm_service_pb2, task_pb2
from mootion.quiz.v1 import quiz_pb2
from mootion.quiz.v1 import quiz_service_pb2 as messages
from mootion.quiz.v1.quiz_service_pb2_grpc import QuizServiceStub

from mesh.testing import Running
from tests.integration.document.scripted_llm import Reply

if TYPE_CHECKING:
    from mootion.quiz.v1.quiz_service_pb2_grpc import QuizServiceAsyncStub

# Said by keys, explanations and quotes only.
SECRETS = ("sesame", "xylophone", "because-marmalade", "quoted-zeppelin", "furlong")
RIGHT = "right-option"
ITEMS = [
    task_pb2.Item(
        kind=task_pb2.SINGLE_CHOICE,
        stem="Which one?",
        options=[
            task_pb2.QuestionOption(option_id="wrong-option", text="Light"),
            task_pb2.QuestionOption(option_id=RIGHT, text="Noise"),
        ],
        key=task_pb2.AnswerKey(option_ids=[RIGHT]),
        explanation="because-marmalade",
        citation=document_pb2.Citation(quote="quoted-zeppelin"),
    ),
    task_pb2.Item(
        kind=task_pb2.SHORT_ANSWER,
        stem="What opens?",
        key=task_pb2.AnswerKey(texts=["sesame", "xylophone"]),
        explanation="because-marmalade",
    ),
    task_pb2.Item(
        kind=task_pb2.NUMERIC,
        stem="How far?",
        key=task_pb2.AnswerKey(number=8191.0, unit="furlong"),
        explanation="because-marmalade",
    ),
]
REPLIES: dict[str, Reply] = {
    "WriteQuestions": llm_service_pb2.WriteQuestionsResponse(
        items=ITEMS, engine=task_pb2.EngineInfo(engine="scripted")
    )
}


def quizzes(running: Running, principal: str = "tester") -> QuizServiceAsyncStub:
    """A learner's client of the quiz service."""
    return running.stub(QuizServiceStub, "quiz", principal=principal)


async def quizzed(
    running: Running, document_id: str, principal: str = "tester", request_id: str = ""
) -> quiz_pb2.Quiz:
    """A quiz on a document, made now."""
    request = messages.GenerateQuizRequest(document_id=document_id, request_id=request_id)
    return (await quizzes(running, principal).GenerateQuiz(request)).quiz


async def attempted(running: Running, quiz_id: str, principal: str = "tester") -> quiz_pb2.Attempt:
    """A new attempt at a quiz."""
    request = messages.StartAttemptRequest(quiz_id=quiz_id)
    return (await quizzes(running, principal).StartAttempt(request)).attempt


def right_answers(quiz: quiz_pb2.Quiz) -> list[quiz_pb2.QuestionResponse]:
    """Responses that are all right."""
    first, second, third = (question.question_id for question in quiz.questions)
    return [
        quiz_pb2.QuestionResponse(question_id=first, option_ids=[RIGHT]),
        quiz_pb2.QuestionResponse(question_id=second, text="sesame"),
        quiz_pb2.QuestionResponse(question_id=third, text="8191 furlong"),
    ]
