"""An engine for tests that answers as it is told and counts what it is asked."""

import asyncio
from dataclasses import dataclass, field

from mootion.llm.v1 import llm_service_pb2 as messages
from mootion.llm.v1 import task_pb2


@dataclass
class ScriptedEngine:
    """Every task names one concept, relation, atom or whatever it makes after the engine."""

    name: str = "scripted"
    model: str = "scripted-1"
    revision: int = 1
    error: Exception | None = None
    seconds: float = 0.0
    asked: list[str] = field(default_factory=list)
    closed: bool = False

    async def _ask(self, task: str) -> None:
        self.asked.append(task)
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error

    async def extract_concepts(
        self, request: messages.ExtractConceptsRequest
    ) -> messages.ExtractConceptsResponse:
        await self._ask("ExtractConcepts")
        return messages.ExtractConceptsResponse(concepts=[task_pb2.Concept(name=self.name)])

    async def infer_relations(
        self, request: messages.InferRelationsRequest
    ) -> messages.InferRelationsResponse:
        await self._ask("InferRelations")
        return messages.InferRelationsResponse()

    async def write_atoms(self, request: messages.WriteAtomsRequest) -> messages.WriteAtomsResponse:
        await self._ask("WriteAtoms")
        return messages.WriteAtomsResponse()

    async def write_questions(
        self, request: messages.WriteQuestionsRequest
    ) -> messages.WriteQuestionsResponse:
        await self._ask("WriteQuestions")
        return messages.WriteQuestionsResponse()

    async def write_script(self, request: messages.WriteScriptRequest) -> messages.WriteScriptResponse:
        await self._ask("WriteScript")
        return messages.WriteScriptResponse()

    async def answer_question(
        self, request: messages.AnswerQuestionRequest
    ) -> messages.AnswerQuestionResponse:
        await self._ask("AnswerQuestion")
        return messages.AnswerQuestionResponse()

    async def choose_option(self, request: messages.ChooseOptionRequest) -> messages.ChooseOptionResponse:
        await self._ask("ChooseOption")
        return messages.ChooseOptionResponse()

    async def close(self) -> None:
        self.closed = True
