"""Hands one event to a subscriber, again and again until it is handled."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog
from opentelemetry import context as trace_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mesh.ports.events import Handler
from mesh.ports.outgoing import NewEvent
from mesh.tracing import Tracing, put_down

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 30.0

log = structlog.get_logger(__name__)


async def handle_until_done(subscription: str, new: NewEvent, handler: Handler) -> None:
    """Calls the handler in the trace of the publisher; after a failure again, each wait twice as long."""
    wait = FIRST_WAIT_SECONDS
    while not await _handled(subscription, new, handler):
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT_SECONDS)


async def _handled(subscription: str, new: NewEvent, handler: Handler) -> bool:
    try:
        with _in_trace(new.headers):
            await handler(new.event)
    except Exception:
        kind, event_id = new.event.WhichOneof("payload"), new.event.event_id
        log.exception("event_handler_failed", subscription=subscription, kind=kind, event_id=event_id)
        return False
    return True


@contextmanager
def _in_trace(headers: Mapping[str, str]) -> Iterator[None]:
    """Carries the trace on for the logs, and makes it the parent of spans where any are recorded."""
    attached = trace_context.attach(TraceContextTextMapPropagator().extract(headers))
    carried = Tracing().carry(headers)
    try:
        yield
    finally:
        put_down(carried)
        trace_context.detach(attached)
