"""The main job, step by step, as a client of the edge: what `mootion demo` does and what its user sees made."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from google.api import httpbody_pb2
from google.protobuf import duration_pb2
from mootion.answer.v1 import answer_service_pb2
from mootion.answer.v1.answer_service_pb2_grpc import AnswerServiceStub
from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub
from mootion.flowchart.v1 import flowchart_pb2, flowchart_service_pb2
from mootion.flowchart.v1.flowchart_service_pb2_grpc import FlowchartServiceStub
from mootion.llm.v1 import task_pb2
from mootion.quiz.v1 import quiz_pb2, quiz_service_pb2
from mootion.quiz.v1.quiz_service_pb2_grpc import QuizServiceStub
from mootion.search.v1 import search_service_pb2
from mootion.search.v1.search_service_pb2_grpc import SearchServiceStub
from mootion.video.v1 import video_pb2, video_service_pb2
from mootion.video.v1.video_service_pb2_grpc import VideoServiceStub

from mesh.client import Channels

CHUNK_BYTES = 256 * 1024
QUESTIONS = 10
LESSON_SECONDS = 75
# Told how far a step is: its name, percent done, and a few words.
Progress = Callable[[str, int, str], None]


class JourneyFailed(Exception):
    """A step ended without a result; `reason` is a reason code of the contract."""

    def __init__(self, step: str, reason: str, message: str) -> None:
        super().__init__(f"{step}: {reason}: {message}")
        self.step, self.reason, self.message = step, reason, message


@dataclass
class Made:
    """Everything the journey made, and how long each step took in seconds."""

    document: document_pb2.Document = field(default_factory=document_pb2.Document)
    flowchart: flowchart_pb2.Flowchart = field(default_factory=flowchart_pb2.Flowchart)
    quiz: quiz_pb2.Quiz = field(default_factory=quiz_pb2.Quiz)
    attempt: quiz_pb2.Attempt = field(default_factory=quiz_pb2.Attempt)
    question: str = ""
    answer: answer_service_pb2.Answer = field(default_factory=answer_service_pb2.Answer)
    search: search_service_pb2.SearchResponse = field(default_factory=search_service_pb2.SearchResponse)
    video: video_pb2.Video = field(default_factory=video_pb2.Video)
    seconds: dict[str, float] = field(default_factory=dict)


class Journey:
    """Takes one file through the whole product."""

    def __init__(self, channels: Channels, progress: Progress) -> None:
        self._channels = channels
        self._progress = progress
        self.made = Made()

    async def run(self, file: Path) -> Made:
        """All steps in turn.

        Raises:
            CallError: a call failed.
            JourneyFailed: the document could not be read, or the video not be made.
        """
        steps = {
            "document": lambda: self._document(file),
            "concept map": self._flowchart,
            "quiz": self._quiz,
            "answer": self._answer,
            "search": self._search,
            "video": self._video,
        }
        for name, step in steps.items():
            started = time.monotonic()
            self._progress(name, 0, "")
            self._progress(name, 100, await step())
            self.made.seconds[name] = round(time.monotonic() - started, 2)
        return self.made

    async def _document(self, file: Path) -> str:
        stub = self._channels.stub(DocumentServiceStub, "document")
        uploaded = (await stub.UploadDocument(_upload(file))).document
        request = document_service_pb2.WatchDocumentRequest(document_id=uploaded.document_id)
        async for change in stub.WatchDocument(request):
            self.made.document = document = change.document
            self._progress("document", min(99, document.progress_percent), "reading")
        document = self.made.document
        if document.state != document_pb2.READY:
            raise JourneyFailed("document", document.failure.reason, document.failure.message)
        counts = (
            f"{document.page_count} pages, {document.passage_count} passages, {document.atom_count} atoms"
        )
        return f"{document.title}: {counts}"

    async def _flowchart(self) -> str:
        stub = self._channels.stub(FlowchartServiceStub, "flowchart")
        request = flowchart_service_pb2.GenerateFlowchartRequest(document_id=self.made.document.document_id)
        self.made.flowchart = chart = (await stub.GenerateFlowchart(request)).flowchart
        return f"{len(chart.nodes)} concepts, {len(chart.edges)} relations"

    async def _quiz(self) -> str:
        stub = self._channels.stub(QuizServiceStub, "quiz")
        asked = quiz_service_pb2.GenerateQuizRequest(
            document_id=self.made.document.document_id, question_count=QUESTIONS
        )
        self.made.quiz = quiz = (await stub.GenerateQuiz(asked)).quiz
        self._progress("quiz", 40, f"{len(quiz.questions)} questions, answering")
        start = quiz_service_pb2.StartAttemptRequest(quiz_id=quiz.quiz_id)
        attempt = (await stub.StartAttempt(start)).attempt
        responses = [await self._respond(question) for question in quiz.questions]
        submit = quiz_service_pb2.SubmitAttemptRequest(attempt_id=attempt.attempt_id, responses=responses)
        self.made.attempt = attempt = (await stub.SubmitAttempt(submit)).attempt
        return f"{attempt.correct_count} of {attempt.question_count} right, score {attempt.score:.0%}"

    async def _respond(self, question: quiz_pb2.Question) -> quiz_pb2.QuestionResponse:
        """What a learner with an open book answers: choices are looked up, the rest is guessed."""
        response = quiz_pb2.QuestionResponse(question_id=question.question_id)
        if question.kind == task_pb2.SINGLE_CHOICE:
            stub = self._channels.stub(AnswerServiceStub, "answer")
            asked = answer_service_pb2.ChooseRequest(
                question=question.stem,
                options=[option.text for option in question.options],
                document_ids=[self.made.document.document_id],
            )
            chosen = await stub.Choose(asked)
            response.option_ids.append(question.options[chosen.option_index].option_id)
        elif question.matches:
            pairs = zip(question.options, question.matches, strict=False)
            for option, match in pairs:
                response.matches.add(option_id=option.option_id, match_id=match.option_id)
        elif question.kind == task_pb2.ORDERING:
            response.option_ids.extend(option.option_id for option in question.options)
        elif question.options:
            response.option_ids.append(question.options[0].option_id)
        else:
            response.text = question.concept
        return response

    async def _answer(self) -> str:
        nodes = self.made.flowchart.nodes
        central = max(nodes, key=lambda node: node.importance) if nodes else None
        self.made.question = f"What does {central.name} mean?" if central else "What is this about?"
        stub = self._channels.stub(AnswerServiceStub, "answer")
        request = answer_service_pb2.AskRequest(
            question=self.made.question, document_ids=[self.made.document.document_id]
        )
        self.made.answer = answer = (await stub.Ask(request)).answer
        citations = sum(len(sentence.citations) for sentence in answer.sentences)
        return f"{self.made.question} {len(answer.sentences)} sentences, {citations} verified quotes"

    async def _search(self) -> str:
        stub = self._channels.stub(SearchServiceStub, "search")
        nodes = self.made.flowchart.nodes
        query = nodes[-1].name if nodes else self.made.document.title
        request = search_service_pb2.SearchRequest(query=query[:500])
        self.made.search = found = await stub.Search(request)
        return f"{query}: {found.total_count} hits"

    async def _video(self) -> str:
        stub = self._channels.stub(VideoServiceStub, "video")
        request = video_service_pb2.CreateVideoRequest(
            document_id=self.made.document.document_id,
            target_duration=duration_pb2.Duration(seconds=LESSON_SECONDS),
        )
        created = (await stub.CreateVideo(request)).video
        async for change in stub.WatchVideo(video_service_pb2.WatchVideoRequest(video_id=created.video_id)):
            self.made.video = video = change.video
            rendered = sum(scene.state == video_pb2.RENDERED for scene in video.scenes)
            words = f"{rendered} of {len(video.scenes)} scenes" if video.scenes else "writing the script"
            self._progress("video", min(99, video.progress_percent), words)
        video = self.made.video
        if video.state != video_pb2.COMPLETED:
            raise JourneyFailed("video", video.failure.reason, video.failure.message)
        return f"{video.title}: {video.duration_seconds:.0f} s, {len(video.chapters)} chapters"


async def _upload(file: Path) -> AsyncIterator[document_service_pb2.UploadDocumentRequest]:
    yield document_service_pb2.UploadDocumentRequest(filename=file.name)
    with file.open("rb") as source:
        while chunk := await asyncio.to_thread(source.read, CHUNK_BYTES):
            yield document_service_pb2.UploadDocumentRequest(content=httpbody_pb2.HttpBody(data=chunk))
