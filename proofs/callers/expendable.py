"""Things that a case uses up, made for it: what other cases need is never taken away."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from google.api import httpbody_pb2
from google.protobuf.message import Message
from mootion.document.v1 import document_service_pb2 as documents
from mootion.flowchart.v1 import flowchart_pb2
from mootion.flowchart.v1 import flowchart_service_pb2 as flowcharts
from mootion.llm.v1 import task_pb2
from mootion.quiz.v1 import quiz_pb2
from mootion.quiz.v1 import quiz_service_pb2 as quizzes

from mesh.policy import method
from mesh.runtime import Runtime
from proofs.callers import lessons
from proofs.callers.people import Person
from proofs.callers.written_documents import written

_DOCUMENT = "/mootion.document.v1.DocumentService/"
_QUIZ = "/mootion.quiz.v1.QuizService/"
_FLOWCHART = "/mootion.flowchart.v1.FlowchartService/"
_FILENAME = "lesson.docx"
Fields = Mapping[str, object]
Make = Callable[[Person, Random], Awaitable[Fields]]


class CannotPrepare(Exception):
    """A state cannot be made now, such as because of a limit; the message says what refused."""


async def call(person: Person, path: str, request: Message) -> Any:
    """The reply of a method; what it names does not become the person's own.

    Raises:
        CannotPrepare: it is refused.
    """
    outcome = await person.door.call(method(path), request, person.headers, patient=False)
    if not outcome.is_ok:
        raise CannotPrepare(f"{person.name} cannot call {path}: {outcome.told()} {outcome.message}")
    return outcome.replies[0]


@dataclass
class Things:
    """Documents, quizzes, attempts and videos for one case each."""

    runtime: Runtime
    _file: bytes = field(default_factory=lambda: written("Waves", ["A wave is a disturbance that travels."]))

    def makers(self) -> Mapping[str, Make]:
        """What is made for an operation, by its id: fields of its request in JSON."""
        return {
            "uploadDocument": self._upload,
            "cancelDocument": self._document,
            "deleteDocument": self._document,
            "getPath": self._path,
            "ask": self._question,
            "choose": self._choice,
            "generateQuiz": self._few_questions,
            "deleteQuiz": self._quiz,
            "answerQuestion": self._answer,
            "submitAttempt": self._answers,
            "createVideo": self._short,
            "cancelVideo": self._video,
            "deleteVideo": self._video,
        }

    async def _upload(self, person: Person, draw: Random) -> Fields:
        return {"filename": _FILENAME, "content": self._file}

    async def _document(self, person: Person, draw: Random) -> Fields:
        content = httpbody_pb2.HttpBody(content_type="application/octet-stream", data=self._file)
        request = documents.UploadDocumentRequest(filename=_FILENAME, content=content)
        reply = await call(person, f"{_DOCUMENT}UploadDocument", request)
        return {"documentId": reply.document.document_id}

    async def _path(self, person: Person, draw: Random) -> Fields:
        request = flowcharts.GetFlowchartRequest(document_id=_first(person, "document_id"))
        found = await call(person, f"{_FLOWCHART}GetFlowchart", request)
        edges = [each for each in found.flowchart.edges if each.type == flowchart_pb2.PREREQUISITE]
        if not edges:
            raise CannotPrepare(f"the map of {person.name} has no edges")
        edge = draw.choice(edges)
        return {"sourceId": edge.source_id, "targetId": edge.target_id}

    async def _question(self, person: Person, draw: Random) -> Fields:
        return {"question": "What is a wave?"}

    async def _choice(self, person: Person, draw: Random) -> Fields:
        return {"question": "What is a wave?", "options": ["A disturbance that travels", "A kind of rock"]}

    async def _few_questions(self, person: Person, draw: Random) -> Fields:
        return {"questionCount": draw.randint(1, 6)}

    async def _quiz(self, person: Person, draw: Random) -> Fields:
        request = quizzes.GenerateQuizRequest(document_id=_first(person, "document_id"), question_count=2)
        reply = await call(person, f"{_QUIZ}GenerateQuiz", request)
        return {"quizId": reply.quiz.quiz_id}

    async def _attempt(self, person: Person) -> tuple[str, list[quiz_pb2.Question]]:
        quiz_id = _first(person, "quiz_id")
        found = await call(person, f"{_QUIZ}GetQuiz", quizzes.GetQuizRequest(quiz_id=quiz_id))
        begun = await call(person, f"{_QUIZ}StartAttempt", quizzes.StartAttemptRequest(quiz_id=quiz_id))
        return begun.attempt.attempt_id, list(found.quiz.questions)

    async def _answer(self, person: Person, draw: Random) -> Fields:
        attempt_id, questions = await self._attempt(person)
        return {"attemptId": attempt_id, "response": _response(draw.choice(questions))}

    async def _answers(self, person: Person, draw: Random) -> Fields:
        attempt_id, questions = await self._attempt(person)
        return {"attemptId": attempt_id, "responses": [_response(each) for each in questions]}

    async def _short(self, person: Person, draw: Random) -> Fields:
        return {"documentId": _first(person, "document_id"), "targetDuration": "30s", "topic": None}

    async def _video(self, person: Person, draw: Random) -> Fields:
        script = lessons.lesson(f"A lesson of {person.name}")
        return {"videoId": await lessons.add_lesson(self.runtime, script, owner=person.account_id)}


def _first(person: Person, name: str) -> str:
    if not person.find(name):
        raise CannotPrepare(f"{person.name} has no {name}")
    return person.find(name)[0]


def _response(question: quiz_pb2.Question) -> dict[str, object]:
    """An answer of the kind that a question asks for, right or wrong."""
    response: dict[str, object] = {"questionId": question.question_id}
    options = [option.option_id for option in question.options]
    if question.kind == task_pb2.MATCHING:
        matches = [match.option_id for match in question.matches]
        return {
            **response,
            "matches": [{"optionId": o, "matchId": m} for o, m in zip(options, matches, strict=False)],
        }
    if not options:
        return {**response, "text": "1"}
    return {**response, "optionIds": options if question.kind == task_pb2.ORDERING else options[:1]}
