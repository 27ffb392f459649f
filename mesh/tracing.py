"""Traces that go along with calls and jobs as W3C `traceparent`, recorded only where an exporter is configured."""

import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TypeAlias

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT = "traceparent"
_HEADERS = (TRACEPARENT, "tracestate")
# https://www.w3.org/TR/trace-context/#traceparent-header, without the all-zero ids that it forbids.
_VALID = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

Carrier: TypeAlias = Mapping[str, str | bytes]

# Where nothing is recorded the trace is only carried on: one string, which costs a tenth of what spans cost.
_carried: ContextVar[str] = ContextVar("mootion_traceparent", default="")


class Tracing:
    """Starts the spans of a process, or only carries traces on.

    Args:
        tracer: records spans; None: calls have a trace id for the logs, and nothing is recorded.
        random_bits: gives so many random bits as a number, for the ids of traces that begin here.
    """

    def __init__(self, tracer: trace.Tracer | None = None, random_bits: random.Random | None = None) -> None:
        self.tracer = tracer
        self._random = random_bits or random.Random()
        self._propagator = TraceContextTextMapPropagator()

    def carry(self, carrier: Carrier) -> Token[str]:
        """Makes the trace that a carrier brings the current one, or a new one; undo it with `put_down`."""
        brought = carrier.get(TRACEPARENT)
        if not isinstance(brought, str) or not _VALID.fullmatch(brought):
            bits = self._random.getrandbits
            brought = f"00-{bits(128) | 1:032x}-{bits(64) | 1:016x}-00"
        return _carried.set(brought)

    def start(self, tracer: trace.Tracer, name: str, kind: SpanKind, carrier: Carrier) -> Span:
        """A span below the one that a carrier brings, or at the top of a new trace. End it yourself."""
        texts = {key: value for key in _HEADERS if isinstance(value := carrier.get(key), str)}
        return tracer.start_span(name, self._propagator.extract(texts, otel_context.Context()), kind)

    @contextmanager
    def consuming(self, topic: str, headers: Mapping[str, str]) -> Iterator[None]:
        """The span `consume <topic>` of a job, in the trace of whoever enqueued it."""
        if self.tracer is None:
            token = self.carry(headers)
            try:
                yield
            finally:
                put_down(token)
            return
        with _used(self.start(self.tracer, f"consume {topic}", SpanKind.CONSUMER, headers)):
            yield

    @contextmanager
    def calling(self, path: str) -> Iterator[None]:
        """The span `call <method>` of an outgoing call, where spans are recorded."""
        if self.tracer is None:
            yield
            return
        with _used(self.tracer.start_span(f"call {path}", kind=SpanKind.CLIENT)):
            yield


def put_down(token: Token[str]) -> None:
    """Ends what `carry` began."""
    _carried.reset(token)


@contextmanager
def _used(span: Span) -> Iterator[None]:
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        yield


def trace_headers() -> dict[str, str]:
    """The current trace in W3C form, to send along with a call or a job; empty outside of a trace."""
    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers)
    carried = _carried.get()
    if not headers and carried:
        headers[TRACEPARENT] = carried
    return headers


def current_trace_id() -> str:
    """The current trace id as 32 hexadecimal digits, or an empty string outside of a trace."""
    carried = _carried.get()
    if carried:
        return carried[3:35]
    found = trace.get_current_span().get_span_context()
    return format(found.trace_id, "032x") if found.is_valid else ""
