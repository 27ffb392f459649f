"""One short method for each RPC of QuizService."""

from dataclasses import dataclass

import grpc
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2
from mootion.quiz.v1 import quiz_pb2
from mootion.quiz.v1 import quiz_service_pb2 as messages
from mootion.quiz.v1 import quiz_service_pb2_grpc as rpc

from mesh import context, pages
from mesh.errors import CallError, not_found
from mesh.ports.sql import Reader
from mesh.runtime import Runtime
from services.quiz import attempts, store
from services.quiz.generate import Generator

Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True)
class QuizService(rpc.QuizServiceServicer):
    """Quizzes, attempts and grading. Keys stay here until a question is answered."""

    runtime: Runtime
    generator: Generator

    async def GenerateQuiz(
        self, request: messages.GenerateQuizRequest, context_: Context
    ) -> messages.GenerateQuizResponse:
        owner = context.principal_id()
        quiz, items = await self.generator.generate(request)
        reply = messages.GenerateQuizResponse(quiz=quiz)
        async with self.runtime.database.transaction() as tx:
            await store.add_quiz(tx, owner, quiz, items)
            created = event_pb2.QuizCreated(quiz_id=quiz.quiz_id, document_id=quiz.document_id)
            tx.publish(event_pb2.Event(owner_id=owner, quiz_created=created))
            tx.remember(reply)
        await self._remove_if_deleted(quiz)
        return reply

    async def _remove_if_deleted(self, quiz: quiz_pb2.Quiz) -> None:
        """Removes a quiz whose document was deleted while it was made: that event was followed before it was stored.

        Raises:
            CallError: NOT_FOUND in that case.
        """
        try:
            await self.generator.document(quiz.document_id)
        except CallError as error:
            if error.reason == reason_pb2.REASON_NOT_FOUND:
                await self._remove(quiz.quiz_id)
            raise

    async def GetQuiz(self, request: messages.GetQuizRequest, context_: Context) -> messages.GetQuizResponse:
        async with self.runtime.database.reading() as reader:
            return messages.GetQuizResponse(quiz=await _find_quiz(reader, request.quiz_id))

    async def ListQuizzes(
        self, request: messages.ListQuizzesRequest, context_: Context
    ) -> messages.ListQuizzesResponse:
        size = pages.page_size(request.page_size, default=20, most=100)
        after, owner = pages.decode(request, int, str), context.principal_id()
        async with self.runtime.database.reading(may_lag=after is not None) as reader:
            found = await store.list_quizzes(reader, owner, request.document_id, after, size + 1)
        token = ""
        if len(found) > size:
            last = found[size - 1]
            token = pages.encode(request, last.create_time.ToMicroseconds(), last.quiz_id)
        for quiz in found:
            quiz.ClearField("questions")
        return messages.ListQuizzesResponse(quizzes=found[:size], next_page_token=token)

    async def DeleteQuiz(
        self, request: messages.DeleteQuizRequest, context_: Context
    ) -> messages.DeleteQuizResponse:
        async with self.runtime.database.reading() as reader:
            await _find_quiz(reader, request.quiz_id)
        await self._remove(request.quiz_id)
        return messages.DeleteQuizResponse()

    async def _remove(self, quiz_id: str) -> None:
        async with self.runtime.database.transaction() as tx:
            await store.remove_quiz(tx, quiz_id)
            deleted = event_pb2.QuizDeleted(quiz_id=quiz_id)
            tx.publish(event_pb2.Event(owner_id=context.principal_id(), quiz_deleted=deleted))

    async def StartAttempt(
        self, request: messages.StartAttemptRequest, context_: Context
    ) -> messages.StartAttemptResponse:
        async with self.runtime.database.transaction() as tx:
            quiz = await _find_quiz(tx, request.quiz_id)
            now = self.runtime.clock.now()
            attempt = attempts.started(self.runtime.ids.new(), quiz.quiz_id, len(quiz.questions), now)
            await store.add_attempt(tx, context.principal_id(), attempt)
            reply = messages.StartAttemptResponse(attempt=attempt, quiz=quiz)
            tx.remember(reply)
        return reply

    async def GetAttempt(
        self, request: messages.GetAttemptRequest, context_: Context
    ) -> messages.GetAttemptResponse:
        async with self.runtime.database.reading() as reader:
            return messages.GetAttemptResponse(attempt=await _find_attempt(reader, request.attempt_id))

    async def AnswerQuestion(
        self, request: messages.AnswerQuestionRequest, context_: Context
    ) -> messages.AnswerQuestionResponse:
        async with self.runtime.database.transaction() as tx:
            attempt = await _find_attempt(tx, request.attempt_id)
            items = await store.find_items(tx, attempt.quiz_id)
            result = attempts.answer(attempt, items, request.response)
            await store.save_attempt(tx, attempt)
            reply = messages.AnswerQuestionResponse(result=result)
            tx.remember(reply)
        return reply

    async def SubmitAttempt(
        self, request: messages.SubmitAttemptRequest, context_: Context
    ) -> messages.SubmitAttemptResponse:
        async with self.runtime.database.transaction() as tx:
            attempt = await _find_attempt(tx, request.attempt_id)
            items = await store.find_items(tx, attempt.quiz_id)
            attempts.submit(attempt, items, request.responses, self.runtime.clock.now())
            await store.save_attempt(tx, attempt)
            reply = messages.SubmitAttemptResponse(attempt=attempt)
            tx.remember(reply)
        return reply


async def _find_quiz(reader: Reader, quiz_id: str) -> quiz_pb2.Quiz:
    quiz = await store.find_quiz(reader, context.principal_id(), quiz_id)
    if quiz is None:
        raise not_found("quiz", quiz_id)
    return quiz


async def _find_attempt(reader: Reader, attempt_id: str) -> quiz_pb2.Attempt:
    attempt = await store.find_attempt(reader, context.principal_id(), attempt_id)
    if attempt is None:
        raise not_found("attempt", attempt_id)
    return attempt
