"""Gives every call a request id and a place in the trace of whoever made it."""

import re

from opentelemetry import context as otel_context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from mesh.ids import Ids
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method
from mesh.tracing import Tracing, put_down

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class TraceInterceptor:
    """Span `serve <method>` with the attributes of docs/telemetry.md; never a field of a message."""

    def __init__(self, tracing: Tracing, ids: Ids) -> None:
        self._tracing = tracing
        self._ids = ids

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        if self._tracing.tracer is None:
            return self._carrying(proceed)
        return self._recording(self._tracing.tracer, f"serve {method.path}", proceed)

    def _carrying(self, proceed: Proceed) -> Proceed:
        carry, identify = self._tracing.carry, self._identify

        async def trace(call: Call) -> bytes:
            identify(call)
            token = carry(call.metadata)
            try:
                return await proceed(call)
            finally:
                put_down(token)

        return trace

    def _recording(self, tracer: Tracer, name: str, proceed: Proceed) -> Proceed:
        start, identify = self._tracing.start, self._identify

        async def trace(call: Call) -> bytes:
            identify(call)
            span = start(tracer, name, SpanKind.SERVER, call.metadata)
            token = otel_context.attach(set_span_in_context(span))
            try:
                return await proceed(call)
            finally:
                otel_context.detach(token)
                _describe(span, call)
                span.end()

        return trace

    def _identify(self, call: Call) -> None:
        given = call.text("mootion-request-id")
        call.request_id = given if _REQUEST_ID.fullmatch(given) else self._ids.new()


def _describe(span: Span, call: Call) -> None:
    span.set_attributes(
        {
            "rpc.system": "grpc",
            "rpc.method": call.method.path,
            "rpc.grpc.status_code": call.code.value[0],
            "mootion.reason": call.reason,
            "mootion.caller": call.caller,
            "mootion.request_id": call.request_id,
        }
    )
    if call.reason:
        span.set_status(Status(StatusCode.ERROR))
