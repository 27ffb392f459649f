"""The built-in engine: language analysis in a process of its own, without network or key."""

import json
from dataclasses import dataclass
from typing import TypeVar

import structlog
from google.protobuf.message import Message
from mootion.errors.v1 import reason_pb2
from mootion.llm.v1 import llm_service_pb2 as messages

from mesh.errors import precondition
from services.llm import engine
from services.llm.engine import Task
from services.llm.failures import EngineUnavailable
from services.llm.process_frames import Outcome
from services.llm.process_pool import ProcessPool

MODEL = "extractive-1"
# To be raised with every change of what the engine writes: replies cached under another one are not used.
REVISION = 2

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ExtractiveEngine:
    """Deterministic: the same request gives the same bytes."""

    pool: ProcessPool
    name: str = "extractive"
    model: str = MODEL
    revision: int = REVISION

    async def extract_concepts(
        self, request: messages.ExtractConceptsRequest
    ) -> messages.ExtractConceptsResponse:
        """See Engine."""
        return await self._run(engine.EXTRACT_CONCEPTS, request)

    async def infer_relations(
        self, request: messages.InferRelationsRequest
    ) -> messages.InferRelationsResponse:
        """See Engine."""
        return await self._run(engine.INFER_RELATIONS, request)

    async def write_atoms(self, request: messages.WriteAtomsRequest) -> messages.WriteAtomsResponse:
        """See Engine."""
        return await self._run(engine.WRITE_ATOMS, request)

    async def write_questions(
        self, request: messages.WriteQuestionsRequest
    ) -> messages.WriteQuestionsResponse:
        """See Engine."""
        return await self._run(engine.WRITE_QUESTIONS, request)

    async def write_script(self, request: messages.WriteScriptRequest) -> messages.WriteScriptResponse:
        """See Engine."""
        return await self._run(engine.WRITE_SCRIPT, request)

    async def answer_question(
        self, request: messages.AnswerQuestionRequest
    ) -> messages.AnswerQuestionResponse:
        """See Engine."""
        return await self._run(engine.ANSWER_QUESTION, request)

    async def choose_option(self, request: messages.ChooseOptionRequest) -> messages.ChooseOptionResponse:
        """See Engine."""
        return await self._run(engine.CHOOSE_OPTION, request)

    async def close(self) -> None:
        """See Engine."""
        await self.pool.close()

    async def _run(self, task: Task[Q, R], request: Q) -> R:
        outcome, body = await self.pool.run(task.name, request.SerializeToString(deterministic=True))
        if outcome == Outcome.DONE:
            return task.reply.FromString(body)
        if outcome == Outcome.TOO_LITTLE_CONTENT:
            raise precondition(
                reason_pb2.REASON_TOO_LITTLE_CONTENT,
                "The text teaches too little to make this from. Use a longer document, or more of it.",
            )
        log.error("language analysis failed", task=task.name, fault=json.loads(body))
        raise EngineUnavailable(f"{task.name} failed on this text")
