"""A call over four hops: the edge, the real quiz service, a language service that asks search, and a slow search."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import grpc
from mootion.document.v1 import document_pb2, document_service_pb2, document_service_pb2_grpc
from mootion.flowchart.v1 import flowchart_pb2, flowchart_service_pb2, flowchart_service_pb2_grpc
from mootion.llm.v1 import llm_service_pb2, llm_service_pb2_grpc, task_pb2
from mootion.quiz.v1 import quiz_service_pb2, quiz_service_pb2_grpc
from mootion.search.v1 import search_service_pb2, search_service_pb2_grpc

from gateway.edge import Edge
from mesh import context
from mesh.config import Settings
from mesh.runtime import Runtime
from mesh.service import Build, Parts, Servicer
from mesh.testing import free_port
from proofs.callers import lessons
from proofs.ground import Ground
from services.quiz.generate import Generator
from services.quiz.service import QuizService

SLOW_SECONDS = 5.0
Context = grpc.aio.ServicerContext[object, object]


@dataclass
class Hops:
    """What each hop noted about the call under way: time left when it came, and when it stopped."""

    remaining: dict[str, float] = field(default_factory=dict)
    stopped: dict[str, float] = field(default_factory=dict)
    engine_calls: list[float] = field(default_factory=list)

    @contextmanager
    def noting(self, hop: str) -> Iterator[None]:
        """While a hop works on the call."""
        call = context.current()
        assert call is not None
        self.remaining[hop] = call.remaining_seconds()
        try:
            yield
        finally:
            self.stopped[hop] = time.monotonic()


@dataclass(frozen=True)
class NotingQuiz(QuizService):
    """The real service."""

    hops: Hops

    async def GenerateQuiz(
        self, request: quiz_service_pb2.GenerateQuizRequest, context_: Context
    ) -> quiz_service_pb2.GenerateQuizResponse:
        with self.hops.noting("quiz"):
            return await super().GenerateQuiz(request, context_)


@dataclass(frozen=True)
class AskingLlm(llm_service_pb2_grpc.LlmServiceServicer):
    """Looks something up before its engine is called."""

    runtime: Runtime
    hops: Hops

    async def WriteQuestions(
        self, request: llm_service_pb2.WriteQuestionsRequest, context_: Context
    ) -> llm_service_pb2.WriteQuestionsResponse:
        with self.hops.noting("llm"):
            search = self.runtime.channels.stub(search_service_pb2_grpc.SearchServiceStub, "search")
            # Search takes no calls of the language service, which asks it nothing where it is real.
            with context.working_as("answer"):
                await search.Search(search_service_pb2.SearchRequest(query="waves"))
            self.hops.engine_calls.append(time.monotonic())
            return llm_service_pb2.WriteQuestionsResponse(
                items=[task_pb2.Item(stem="What is a wave?")], engine=task_pb2.EngineInfo(engine="stand-in")
            )


@dataclass(frozen=True)
class SlowSearch(search_service_pb2_grpc.SearchServiceServicer):
    """The leaf."""

    hops: Hops

    async def Search(
        self, request: search_service_pb2.SearchRequest, context_: Context
    ) -> search_service_pb2.SearchResponse:
        with self.hops.noting("search"):
            await asyncio.sleep(SLOW_SECONDS)
            return search_service_pb2.SearchResponse()


class OneDocument(document_service_pb2_grpc.DocumentServiceServicer):
    """Has the document that the quiz is about."""

    async def GetDocument(
        self, request: document_service_pb2.GetDocumentRequest, context_: Context
    ) -> document_service_pb2.GetDocumentResponse:
        document = document_pb2.Document(document_id=request.document_id, state=document_pb2.READY)
        return document_service_pb2.GetDocumentResponse(document=document)

    async def ListPassages(
        self, request: document_service_pb2.ListPassagesRequest, context_: Context
    ) -> document_service_pb2.ListPassagesResponse:
        passage = document_pb2.Passage(passage_id="p", document_id=request.document_id, text="A wave.")
        return document_service_pb2.ListPassagesResponse(passages=[passage])


class NoMap(flowchart_service_pb2_grpc.FlowchartServiceServicer):
    """Has an empty concept map."""

    async def GetFlowchart(
        self, request: flowchart_service_pb2.GetFlowchartRequest, context_: Context
    ) -> flowchart_service_pb2.GetFlowchartResponse:
        return flowchart_service_pb2.GetFlowchartResponse(flowchart=flowchart_pb2.Flowchart())


def _builds(hops: Hops) -> dict[str, Build]:
    """One process's worth of services for each name."""

    def quiz(runtime: Runtime) -> Parts:
        service = NotingQuiz(runtime, Generator(runtime), hops)
        return _parts(
            "quiz", service, quiz_service_pb2_grpc.add_QuizServiceServicer_to_server, quiz_service_pb2
        )

    def llm(runtime: Runtime) -> Parts:
        add = llm_service_pb2_grpc.add_LlmServiceServicer_to_server
        return _parts("llm", AskingLlm(runtime, hops), add, llm_service_pb2)  # type: ignore[abstract]

    def search(runtime: Runtime) -> Parts:
        add = search_service_pb2_grpc.add_SearchServiceServicer_to_server
        return _parts("search", SlowSearch(hops), add, search_service_pb2)  # type: ignore[abstract]

    def document(runtime: Runtime) -> Parts:
        add = document_service_pb2_grpc.add_DocumentServiceServicer_to_server
        return _parts("document", OneDocument(), add, document_service_pb2)  # type: ignore[abstract]

    def flowchart(runtime: Runtime) -> Parts:
        add = flowchart_service_pb2_grpc.add_FlowchartServiceServicer_to_server
        return _parts("flowchart", NoMap(), add, flowchart_service_pb2)  # type: ignore[abstract]

    return {"quiz": quiz, "llm": llm, "search": search, "document": document, "flowchart": flowchart}


def _parts(name: str, implementation: object, add: object, module: object) -> Parts:
    descriptors = module.DESCRIPTOR.services_by_name  # type: ignore[attr-defined]
    descriptor = descriptors[f"{name.capitalize()}Service"]
    return Parts(name=name, servicers=[Servicer(implementation, add, descriptor)])  # type: ignore[arg-type]


@asynccontextmanager
async def chained(ground: Ground, hops: Hops) -> AsyncIterator[Settings]:
    """Each service on a port of its own, behind an edge; gives the settings of the edge."""
    builds = _builds(hops)
    ports = {name: free_port() for name in builds}
    addresses = {f"MOOTION_{name.upper()}_ADDRESS": f"127.0.0.1:{port}" for name, port in ports.items()}
    async with AsyncExitStack() as stack:
        for name, build in builds.items():
            settings = ground.settings(**addresses, MOOTION_GRPC_PORT=ports[name])
            await stack.enter_async_context(lessons.served(settings, build))
        settings = ground.settings(**addresses)
        edge = Edge(settings)
        await edge.start()
        try:
            yield settings
        finally:
            await edge.stop()
