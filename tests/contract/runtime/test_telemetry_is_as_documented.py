"""docs/telemetry.md, the metrics that are registered, the spans and the log lines say the same."""

from __future__ import annotations

import asyncio
import io
import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from mesh.errors import CallError
from mesh.metrics import Metrics
from mesh.runtime import Runtime
from mesh.service import Parts
from mesh.testing import Running, free_port, running
from mesh.tracing import Tracing
from tests.contract.runtime.toy import CANARY, Toy, parts

DOCUMENT = (Path(__file__).parents[3] / "docs" / "telemetry.md").read_text()
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def table(heading: str) -> list[list[str]]:
    section = DOCUMENT.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def names(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


def registered(registry: CollectorRegistry) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    for collector in registry._collector_to_names:
        found: Any = collector
        name = found._name + ("_total" if found._type == "counter" else "")
        yield name, found._type, found._labelnames, found._documentation


def test_every_metric_is_in_the_table_and_the_other_way_round() -> None:
    documented = {(names(row[0])[0], row[1], names(row[2]), row[3]) for row in table("Metrics")}
    assert documented == set(registered(Metrics().registry))


def build(runtime: Runtime) -> Parts:
    return parts(Toy(runtime))


async def call_each(found: Running) -> None:
    bare = rpc.ToyServiceStub(found.runtime.channels.channel("toy"))
    await bare.Echo(toy.EchoRequest(text="hi"), metadata=(("traceparent", TRACEPARENT),))
    with pytest.raises(CallError):
        await found.stub(rpc.ToyServiceStub, "toy").Echo(toy.EchoRequest(text="boom"))


async def test_a_call_leaves_one_line_with_the_documented_fields() -> None:
    log = io.StringIO()
    async with running(build, log=log) as found:
        await call_each(found)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    calls = [line for line in lines if line["event"] == "call"]
    assert [line["code"] for line in calls] == ["OK", "INTERNAL"]
    assert {tuple(line) for line in calls} == {tuple(names(row[0])[0] for row in table("Logs"))}
    assert calls[0]["trace_id"] == TRACE
    assert calls[0]["workload"] == "toy"


async def test_a_failure_is_logged_with_its_stack_and_without_its_text() -> None:
    log = io.StringIO()
    async with running(build, log=log) as found:
        await call_each(found)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    failure = next(line for line in lines if line["event"] == "unexpected failure")
    assert failure["exception"] == "builtins.ValueError"
    assert failure["stack"][-1].endswith("_boom")
    assert CANARY not in log.getvalue()


async def test_at_debug_the_text_of_an_exception_is_logged_too() -> None:
    log = io.StringIO()
    async with running(build, log=log, log_level="debug") as found:
        await call_each(found)
    assert CANARY in log.getvalue()


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


async def recorded(exporter: InMemorySpanExporter) -> tuple[ReadableSpan, ...]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def recording(runtime: Runtime) -> Parts:
        runtime.telemetry.tracing = Tracing(provider.get_tracer("test"))
        return parts(Toy(runtime))

    async with running(recording) as found:
        await call_each(found)
        bare = rpc.ToyServiceStub(found.runtime.channels.channel("toy"))
        relayed = toy.RelayRequest(hops=1, text="hi")
        await bare.Relay(relayed, metadata=(("traceparent", TRACEPARENT),))
        with found.runtime.telemetry.tracing.consuming("toy.topic", {"traceparent": TRACEPARENT}):
            pass
    return exporter.get_finished_spans()


async def test_spans_are_as_documented_and_hold_no_text_of_an_exception(spans: InMemorySpanExporter) -> None:
    finished = await recorded(spans)
    documented = {(names(row[0])[0].split()[0], row[1], frozenset(names(row[2]))) for row in table("Spans")}
    found = {
        (span.name.split()[0], span.kind.name.lower(), frozenset(span.attributes or {})) for span in finished
    }
    assert found == documented
    assert CANARY not in "".join(span.to_json() for span in finished)


async def test_one_trace_leads_from_the_caller_through_every_hop(spans: InMemorySpanExporter) -> None:
    finished = await recorded(spans)
    in_trace = [span for span in finished if format(span.context.trace_id, "032x") == TRACE]
    serve_echo, call_echo, serve_relay = in_trace[1:4]
    assert [span.name.rsplit("/")[-1] for span in (serve_echo, serve_relay)] == ["Echo", "Relay"]
    assert serve_echo.parent is not None
    assert serve_echo.parent.span_id == call_echo.context.span_id
    assert call_echo.parent is not None
    assert call_echo.parent.span_id == serve_relay.context.span_id


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as reply:
        text: str = reply.read().decode()
    return text


async def test_metrics_are_answered_on_their_port() -> None:
    port = free_port()
    async with running(build, metrics_port=port) as found:
        await call_each(found)
        text = await asyncio.to_thread(scrape, port)
    assert 'mootion_calls_total{code="INTERNAL",method="/mootion.toy.v1.ToyService/Echo"} 1.0' in text
    assert 'mootion_calls_in_flight{method="/mootion.toy.v1.ToyService/Echo"} 0.0' in text
