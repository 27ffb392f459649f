"""Hands one event to a subscriber, again and again until it is handled or has failed too often."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import grpc
import structlog
from opentelemetry import context as trace_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mesh.errors import CallError
from mesh.ports.events import Handler
from mesh.ports.outgoing import NewEvent
from mesh.tracing import Tracing, put_down

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 30.0
MOST_ATTEMPTS = 5
_NO_ANSWER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)

log = structlog.get_logger(__name__)


async def handle_until_done(subscription: str, new: NewEvent, handler: Handler) -> str | None:
    """Calls the handler in the trace of the publisher; after a failure again, each wait twice as long.

    What comes of something that does not answer does not count among the `MOST_ATTEMPTS`.

    Returns:
        None when the event was handled; the reason of the last failure when it is to be set apart.
    """
    wait, counted = FIRST_WAIT_SECONDS, 0
    while True:
        failure = await _failure(subscription, new, handler)
        if failure is None:
            return None
        counted += not _is_no_answer(failure)
        if counted == MOST_ATTEMPTS:
            return _reason(failure)
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT_SECONDS)


async def _failure(subscription: str, new: NewEvent, handler: Handler) -> Exception | None:
    try:
        with _in_trace(new.headers):
            await handler(new.event)
    except Exception as error:
        kind, event_id = new.event.WhichOneof("payload"), new.event.event_id
        log.exception("event_handler_failed", subscription=subscription, kind=kind, event_id=event_id)
        return error
    return None


def _is_no_answer(failure: Exception) -> bool:
    return isinstance(failure, OSError) or (isinstance(failure, CallError) and failure.code in _NO_ANSWER)


def _reason(failure: Exception) -> str:
    """What an operator is shown: the sentence of a CallError is made for people, other texts may hold secrets."""
    return str(failure) if isinstance(failure, CallError) else type(failure).__name__


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
