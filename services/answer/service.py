"""One short method for each RPC of AnswerService."""

from dataclasses import dataclass

import grpc
from mootion.answer.v1 import answer_service_pb2 as messages
from mootion.answer.v1 import answer_service_pb2_grpc as rpc
from mootion.llm.v1 import llm_service_pb2
from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceStub

from mesh.runtime import Runtime
from services.answer.evidence import Evidence
from services.answer.verify import verified_citations, verified_sentences

PASSAGES_TO_ANSWER = 20
# Fewer than for an answer: every passage that speaks of a wrong option speaks for it.
PASSAGES_TO_CHOOSE = 10
NOT_FOUND_NOTE = "Not in your documents."
Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True)
class AnswerService(rpc.AnswerServiceServicer):
    """Answers with verified quotes. What no quote proves is dropped, whichever engine said it."""

    runtime: Runtime
    evidence: Evidence

    async def Ask(self, request: messages.AskRequest, context_: Context) -> messages.AskResponse:
        found = await self.evidence.find(request.question, request.document_ids, most=PASSAGES_TO_ANSWER)
        llm = self.runtime.channels.stub(LlmServiceStub, "llm")
        reply = await llm.AnswerQuestion(
            llm_service_pb2.AnswerQuestionRequest(
                question=request.question,
                passages=found.passages,
                max_sentences=request.max_sentences,
                language=found.language,
            )
        )
        sentences, dropped = verified_sentences(reply.sentences if reply.supported else (), found.passages)
        answer = messages.Answer(
            sentences=sentences,
            found=bool(sentences),
            note="" if sentences else NOT_FOUND_NOTE,
            confidence=reply.confidence if sentences else 0.0,
            engine=reply.engine.engine,
            model=reply.engine.model,
            fallback=reply.engine.fallback,
            dropped_count=dropped,
        )
        return messages.AskResponse(answer=answer)

    async def Choose(self, request: messages.ChooseRequest, context_: Context) -> messages.ChooseResponse:
        query = " ".join((request.question, *request.options))
        found = await self.evidence.find(query, request.document_ids, most=PASSAGES_TO_CHOOSE)
        llm = self.runtime.channels.stub(LlmServiceStub, "llm")
        reply = await llm.ChooseOption(
            llm_service_pb2.ChooseOptionRequest(
                question=request.question,
                options=request.options,
                passages=found.passages,
                language=found.language,
            )
        )
        by_id = {passage.passage_id: passage for passage in found.passages}
        return messages.ChooseResponse(
            option_index=reply.option_index,
            confidence=reply.confidence,
            citations=verified_citations(reply.citations, by_id),
            engine=reply.engine.engine,
        )
