"""One short method for each RPC of FlowchartService."""

from dataclasses import dataclass

import grpc
from google.api import httpbody_pb2
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2
from mootion.flowchart.v1 import flowchart_pb2
from mootion.flowchart.v1 import flowchart_service_pb2 as messages
from mootion.flowchart.v1 import flowchart_service_pb2_grpc as rpc

from mesh import context
from mesh.errors import CallError, conflict, missing
from mesh.ports.sql import Reader, Transaction
from mesh.runtime import Runtime
from services.flowchart import edit, export, paths, store
from services.flowchart.generate import Generator, stamped

DEFAULT_MOST_CONCEPTS = 50
Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True)
class FlowchartService(rpc.FlowchartServiceServicer):
    """Concept maps of documents."""

    runtime: Runtime
    generator: Generator

    async def GenerateFlowchart(
        self, request: messages.GenerateFlowchartRequest, context_: Context
    ) -> messages.GenerateFlowchartResponse:
        most = request.max_concepts or DEFAULT_MOST_CONCEPTS
        chart = await self.generator.generate(request.document_id, most)
        reply = messages.GenerateFlowchartResponse(flowchart=chart)
        async with self.runtime.database.transaction() as tx:
            await self._save(tx, chart)
            tx.remember(reply)
        await self._remove_if_deleted(request.document_id)
        return reply

    async def _remove_if_deleted(self, document_id: str) -> None:
        """Removes a map whose document was deleted while it was made: that event was followed before it was stored.

        Raises:
            CallError: NOT_FOUND in that case.
        """
        try:
            await self.generator.document(document_id)
        except CallError as error:
            if error.reason == reason_pb2.REASON_NOT_FOUND:
                async with self.runtime.database.transaction() as tx:
                    await store.remove(tx, document_id)
            raise

    async def GetFlowchart(
        self, request: messages.GetFlowchartRequest, context_: Context
    ) -> messages.GetFlowchartResponse:
        return messages.GetFlowchartResponse(flowchart=await self._read(request.document_id))

    async def ExportFlowchart(
        self, request: messages.ExportFlowchartRequest, context_: Context
    ) -> messages.ExportFlowchartResponse:
        content_type, data = export.export(await self._read(request.document_id), request.format)
        return messages.ExportFlowchartResponse(
            file=httpbody_pb2.HttpBody(content_type=content_type, data=data)
        )

    async def GetPath(self, request: messages.GetPathRequest, context_: Context) -> messages.GetPathResponse:
        chart = await self._read(request.document_id)
        return messages.GetPathResponse(nodes=paths.path(chart, request.source_id, request.target_id))

    async def GetPrerequisiteChain(
        self, request: messages.GetPrerequisiteChainRequest, context_: Context
    ) -> messages.GetPrerequisiteChainResponse:
        chart = await self._read(request.document_id)
        return messages.GetPrerequisiteChainResponse(nodes=paths.prerequisites(chart, request.node_id))

    async def GetLearningOrder(
        self, request: messages.GetLearningOrderRequest, context_: Context
    ) -> messages.GetLearningOrderResponse:
        return messages.GetLearningOrderResponse(nodes=(await self._read(request.document_id)).nodes)

    async def EditFlowchart(
        self, request: messages.EditFlowchartRequest, context_: Context
    ) -> messages.EditFlowchartResponse:
        async with self.runtime.database.transaction() as tx:
            chart = await _find(tx, request.document_id)
            if request.etag and request.etag != chart.etag:
                raise conflict("The map was edited since you read it. Read it again and repeat the edit.")
            changed = stamped(edit.apply(chart, request.edits), self.runtime.clock.now(), created=False)
            await self._save(tx, changed)
        return messages.EditFlowchartResponse(flowchart=changed)

    async def _save(self, tx: Transaction, chart: flowchart_pb2.Flowchart) -> None:
        owner = context.principal_id()
        await store.save(tx, owner, chart)
        changed = event_pb2.FlowchartChanged(document_id=chart.document_id)
        tx.publish(event_pb2.Event(owner_id=owner, flowchart_changed=changed))

    async def _read(self, document_id: str) -> flowchart_pb2.Flowchart:
        async with self.runtime.database.reading() as reader:
            return await _find(reader, document_id)


async def _find(reader: Reader, document_id: str) -> flowchart_pb2.Flowchart:
    chart = await store.find(reader, context.principal_id(), document_id)
    if chart is None:
        raise missing(
            reason_pb2.REASON_FLOWCHART_NOT_GENERATED,
            f"There is no concept map of document {document_id!r}, or it is not yours. Generate it first.",
        )
    return chart
