"""Traces that go along with calls and jobs as W3C `traceparent`, recorded only where an exporter is configured."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_HEADERS = ("traceparent", "tracestate")


class Tracing:
    """Starts the spans of a process.

    Args:
        tracer: records spans; None: calls carry a trace id for the logs, and nothing is recorded.
    """

    def __init__(self, tracer: trace.Tracer | None = None) -> None:
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    @property
    def records(self) -> bool:
        """Whether spans are recorded."""
        return self._tracer is not None

    def start(self, name: str, kind: SpanKind, carrier: Mapping[str, str | bytes]) -> Span:
        """A span below the trace that the carrier brings, or at the top of a new one. End it yourself."""
        parent = self._extract(carrier)
        if self._tracer is not None:
            return self._tracer.start_span(name, parent, kind)
        span = trace.get_current_span(parent) if parent is not None else None
        if span is not None and span.get_span_context().is_valid:
            return span
        return NonRecordingSpan(_new_context())

    @contextmanager
    def consuming(self, topic: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """The span `consume <topic>` of a job, in the trace of whoever enqueued it."""
        with self._current(self.start(f"consume {topic}", SpanKind.CONSUMER, headers)) as span:
            yield span

    @contextmanager
    def calling(self, path: str) -> Iterator[Span | None]:
        """The span `call <method>` of an outgoing call; None where nothing is recorded."""
        if self._tracer is None:
            yield None
            return
        with self._current(self._tracer.start_span(f"call {path}", kind=SpanKind.CLIENT)) as span:
            yield span

    @contextmanager
    def _current(self, span: Span) -> Iterator[Span]:
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            yield span

    def _extract(self, carrier: Mapping[str, str | bytes]) -> otel_context.Context | None:
        if _HEADERS[0] not in carrier:
            return None
        texts = {name: value for name in _HEADERS if isinstance(value := carrier.get(name), str)}
        return self._propagator.extract(texts, otel_context.Context())


def _new_context() -> SpanContext:
    return SpanContext(
        secrets.randbits(128) | 1, secrets.randbits(64) | 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.DEFAULT)
    )


def trace_headers() -> dict[str, str]:
    """The current trace in W3C form, to send along with a call or a job; empty outside of a trace."""
    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers)
    return headers


def current_trace_id() -> str:
    """The current trace id as 32 hexadecimal digits, or an empty string outside of a trace."""
    found = trace.get_current_span().get_span_context()
    return format(found.trace_id, "032x") if found.is_valid else ""
