"""A small map: what an engine says of a document, and how to have the map made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mootion.flowchart.v1 import flowchart_pb2
from mootion.flowchart.v1 import flowchart_service_pb2 as messages
from mootion.flowchart.v1.flowchart_service_pb2_grpc import FlowchartServiceStub
from mootion.llm.v1 import llm_service_pb2, task_pb2

from mesh.testing import Running
from tests.integration.document.scripted_llm import Reply

if TYPE_CHECKING:
    from mootion.flowchart.v1.flowchart_service_pb2_grpc import FlowchartServiceAsyncStub

NAMES = ("Wave", "Sound", "Echo")
ENGINE = task_pb2.EngineInfo(engine="scripted")
REPLIES: dict[str, Reply] = {
    "ExtractConcepts": llm_service_pb2.ExtractConceptsResponse(
        concepts=[
            task_pb2.Concept(name=name, description=f"About {name}.", importance=0.5) for name in NAMES
        ],
        engine=ENGINE,
    ),
    "InferRelations": llm_service_pb2.InferRelationsResponse(
        relations=[
            task_pb2.Relation(source="Wave", target="Sound", type=task_pb2.PREREQUISITE, weight=0.9),
            task_pb2.Relation(source="Sound", target="Echo", type=task_pb2.PREREQUISITE, weight=0.8),
            task_pb2.Relation(source="Echo", target="Wave", type=task_pb2.PREREQUISITE, weight=0.1),
        ]
    ),
}


def maps(running: Running, principal: str = "tester") -> FlowchartServiceAsyncStub:
    """A learner's client of the flowchart service."""
    return running.stub(FlowchartServiceStub, "flowchart", principal=principal)


async def mapped(running: Running, document_id: str, principal: str = "tester") -> flowchart_pb2.Flowchart:
    """The map of a document, made now."""
    request = messages.GenerateFlowchartRequest(document_id=document_id)
    return (await maps(running, principal).GenerateFlowchart(request)).flowchart
