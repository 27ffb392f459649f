"""Makes a quiz: reads the document and its map, has questions written, and takes the keys off."""

from collections.abc import Sequence
from dataclasses import dataclass

from mootion.document.v1 import document_pb2, document_service_pb2
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub
from mootion.errors.v1 import reason_pb2
from mootion.flowchart.v1 import flowchart_pb2, flowchart_service_pb2
from mootion.flowchart.v1.flowchart_service_pb2_grpc import FlowchartServiceStub
from mootion.llm.v1 import llm_service_pb2, task_pb2
from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceStub
from mootion.quiz.v1 import quiz_pb2, quiz_service_pb2

from mesh.errors import CallError, precondition
from mesh.ids import derived
from mesh.pages import collect
from mesh.runtime import Runtime

PASSAGES_IN_PAGE = 1000
DEFAULT_QUESTIONS = 10
RELATION_TYPE = {
    flowchart_pb2.PREREQUISITE: task_pb2.PREREQUISITE,
    flowchart_pb2.RELATED: task_pb2.RELATED,
    flowchart_pb2.ADVANCED_FROM: task_pb2.ADVANCED_FROM,
}


@dataclass(frozen=True)
class Generator:
    """Asks the document, flowchart and llm services."""

    runtime: Runtime

    async def generate(
        self, request: quiz_service_pb2.GenerateQuizRequest
    ) -> tuple[quiz_pb2.Quiz, Sequence[task_pb2.Item]]:
        """A quiz without keys, and its items with them.

        Raises:
            CallError: NOT_FOUND, DOCUMENT_NOT_READY or TOO_LITTLE_CONTENT.
        """
        document = await self.document(request.document_id)
        written = await self._questions(request, document)
        if not written.items:
            raise precondition(
                reason_pb2.REASON_TOO_LITTLE_CONTENT,
                "The document says too little to ask about in the kinds wanted. Ask for other kinds.",
            )
        quiz = quiz_pb2.Quiz(
            quiz_id=self.runtime.ids.new(),
            document_id=document.document_id,
            title=f"Quiz: {document.title}",
            questions=[_question(document.document_id, item) for item in written.items],
            coverage=written.coverage,
            engine=written.engine,
        )
        quiz.create_time.FromDatetime(self.runtime.clock.now())
        return quiz, written.items

    async def _questions(
        self, request: quiz_service_pb2.GenerateQuizRequest, document: document_pb2.Document
    ) -> llm_service_pb2.WriteQuestionsResponse:
        chart = await self._chart(document.document_id)
        llm = self.runtime.channels.stub(LlmServiceStub, "llm")
        return await llm.WriteQuestions(
            llm_service_pb2.WriteQuestionsRequest(
                passages=await self._passages(document.document_id),
                concepts=[_concept(node) for node in chart.nodes],
                relations=_relations(chart),
                question_count=request.question_count or DEFAULT_QUESTIONS,
                kinds=request.kinds,
                seed=request.seed,
                language=document.language,
            )
        )

    async def document(self, document_id: str) -> document_pb2.Document:
        """The caller's document.

        Raises:
            CallError: NOT_FOUND.
        """
        documents = self.runtime.channels.stub(DocumentServiceStub, "document")
        request = document_service_pb2.GetDocumentRequest(document_id=document_id)
        return (await documents.GetDocument(request)).document

    async def _chart(self, document_id: str) -> flowchart_pb2.Flowchart:
        """The document's map; an empty one where none was generated, and the engine then finds concepts itself."""
        flowcharts = self.runtime.channels.stub(FlowchartServiceStub, "flowchart")
        request = flowchart_service_pb2.GetFlowchartRequest(document_id=document_id)
        try:
            return (await flowcharts.GetFlowchart(request)).flowchart
        except CallError as error:
            if error.reason != reason_pb2.REASON_FLOWCHART_NOT_GENERATED:
                raise
            return flowchart_pb2.Flowchart()

    async def _passages(self, document_id: str) -> list[document_pb2.Passage]:
        documents = self.runtime.channels.stub(DocumentServiceStub, "document")
        request = document_service_pb2.ListPassagesRequest(
            document_id=document_id, page_size=PASSAGES_IN_PAGE
        )
        return await collect(documents.ListPassages, request, "passages")


def _question(document_id: str, item: task_pb2.Item) -> quiz_pb2.Question:
    content = item.SerializeToString(deterministic=True).hex()
    return quiz_pb2.Question(
        question_id=derived("question", document_id, content),
        kind=item.kind,
        stem=item.stem,
        options=item.options,
        matches=item.matches,
        concept=item.concept,
        difficulty=item.difficulty,
    )


def _concept(node: flowchart_pb2.ConceptNode) -> task_pb2.Concept:
    concept = task_pb2.Concept(
        name=node.name, description=node.description, level=node.level, importance=node.importance
    )
    if node.HasField("citation"):
        concept.definition.CopyFrom(node.citation)
    return concept


def _relations(chart: flowchart_pb2.Flowchart) -> list[task_pb2.Relation]:
    names = {node.node_id: node.name for node in chart.nodes}
    return [
        task_pb2.Relation(
            source=names[edge.source_id],
            target=names[edge.target_id],
            type=RELATION_TYPE[edge.type],
            weight=edge.weight,
            evidence=edge.evidence if edge.HasField("evidence") else None,
        )
        for edge in chart.edges
    ]
