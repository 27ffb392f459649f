"""One short method for each RPC of LlmService."""

from dataclasses import dataclass

import grpc
from mootion.llm.v1 import llm_service_pb2 as messages
from mootion.llm.v1 import llm_service_pb2_grpc as rpc

from services.llm import engine
from services.llm.desk import Desk

Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True)
class LlmService(rpc.LlmServiceServicer):
    """Tasks of language understanding."""

    desk: Desk

    async def ExtractConcepts(
        self, request: messages.ExtractConceptsRequest, context_: Context
    ) -> messages.ExtractConceptsResponse:
        return await self.desk.perform(engine.EXTRACT_CONCEPTS, request)

    async def InferRelations(
        self, request: messages.InferRelationsRequest, context_: Context
    ) -> messages.InferRelationsResponse:
        return await self.desk.perform(engine.INFER_RELATIONS, request)

    async def WriteAtoms(
        self, request: messages.WriteAtomsRequest, context_: Context
    ) -> messages.WriteAtomsResponse:
        return await self.desk.perform(engine.WRITE_ATOMS, request)

    async def WriteQuestions(
        self, request: messages.WriteQuestionsRequest, context_: Context
    ) -> messages.WriteQuestionsResponse:
        return await self.desk.perform(engine.WRITE_QUESTIONS, request)

    async def WriteScript(
        self, request: messages.WriteScriptRequest, context_: Context
    ) -> messages.WriteScriptResponse:
        return await self.desk.perform(engine.WRITE_SCRIPT, request)

    async def AnswerQuestion(
        self, request: messages.AnswerQuestionRequest, context_: Context
    ) -> messages.AnswerQuestionResponse:
        return await self.desk.perform(engine.ANSWER_QUESTION, request)

    async def ChooseOption(
        self, request: messages.ChooseOptionRequest, context_: Context
    ) -> messages.ChooseOptionResponse:
        return await self.desk.perform(engine.CHOOSE_OPTION, request)
