"""Traces across the edge: passed on always, begun where a collector is set, and sent to it."""

import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from mesh.testing import free_port
from tests.integration.edge.edge_running import Running, running_edge

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self) -> None:
        self.trace_ids: set[str] = set()
        self.received = threading.Event()

    def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.trace_ids |= {span.trace_id.hex() for span in scope.spans}
        self.received.set()
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, int]]:
    server, found, port = grpc.server(futures.ThreadPoolExecutor(2)), Collector(), free_port()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(found, server)  # type: ignore[no-untyped-call]
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    yield found, port
    server.stop(None)


def test_a_trace_of_the_caller_is_passed_on(edge: Running) -> None:
    edge.call("GET", "/v1/documents/d1", headers={"traceparent": TRACEPARENT})
    assert edge.documents.metadata["traceparent"] == TRACEPARENT


def test_with_a_collector_a_trace_begins_at_the_edge_and_is_sent(
    tmp_path: Path, collector: tuple[Collector, int]
) -> None:
    found, port = collector
    with running_edge(tmp_path, f"http://127.0.0.1:{port}") as running:
        running.until_healthy("/v1/documents/d1")
        running.call("GET", "/v1/documents/d1", headers={"traceparent": TRACEPARENT})
        assert running.documents.metadata["traceparent"].split("-")[1] == TRACE
        running.call("GET", "/v1/documents/d1")
        begun = running.documents.metadata["traceparent"].split("-")[1]
        assert begun != TRACE
        deadline = time.monotonic() + 60
        while not {TRACE, begun} <= found.trace_ids and time.monotonic() < deadline:
            found.received.wait(0.1)
        assert {TRACE, begun} <= found.trace_ids
