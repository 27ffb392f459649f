"""Gives every call a request id and a span in the trace of whoever made it."""

import re

from opentelemetry import context as otel_context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context

from mesh.ids import Ids
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method
from mesh.tracing import Tracing

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class TraceInterceptor:
    """Span `serve <method>` with the attributes of docs/telemetry.md; never a field of a message."""

    def __init__(self, tracing: Tracing, ids: Ids) -> None:
        self._tracing = tracing
        self._ids = ids

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        name = f"serve {method.path}"
        start, new_id = self._tracing.start, self._ids.new

        async def trace(call: Call) -> bytes:
            given = call.text("mootion-request-id")
            call.request_id = given if _REQUEST_ID.fullmatch(given) else new_id()
            span = start(name, SpanKind.SERVER, call.metadata)
            token = otel_context.attach(set_span_in_context(span))
            try:
                return await proceed(call)
            finally:
                otel_context.detach(token)
                if span.is_recording():
                    _describe(span, call)

        return trace


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
    span.end()
