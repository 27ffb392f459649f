"""An OpenTelemetry collector on loopback that keeps everything it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps spans by the names of who sent them."""

    def __init__(self) -> None:
        self.url = ""
        self.texts: list[str] = []
        self.spans = 0

    async def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: Any
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Part of the protocol."""
        self.texts.append(str(request))
        self.spans += sum(
            len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans
        )
        return trace_service_pb2.ExportTraceServiceResponse()

    async def settle(self, seconds: float) -> None:
        """Returns when nothing came for so long."""
        seen = -1
        while seen != self.spans:
            seen = self.spans
            await asyncio.sleep(seconds)


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Serves until the block ends."""
    found, server = Collector(), grpc.aio.server()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(found, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    found.url = f"http://127.0.0.1:{port}"
    await server.start()
    try:
        yield found
    finally:
        await server.stop(None)
