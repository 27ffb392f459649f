"""What a unit of work sends out beside its rows: events, jobs and the reply to remember."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from google.protobuf.message import Message
from mootion.event.v1 import event_pb2

from mesh.idempotency import IdempotentRequest, current_request
from mesh.tracing import trace_headers


@dataclass(frozen=True)
class NewJob:
    """A job on its way into a queue."""

    topic: str
    key: str
    body: bytes
    priority: int
    headers: Mapping[str, str]


@dataclass(frozen=True)
class NewEvent:
    """An event on its way into the log."""

    event: event_pb2.Event
    headers: Mapping[str, str]


@dataclass(frozen=True)
class NewReply:
    """A reply on its way into the memory of replies."""

    request: IdempotentRequest
    reply: bytes


class Outgoing:
    """Collects what a transaction publishes, enqueues and remembers until it commits.

    Args:
        now: seconds since 1970.
        new_id: gives ids to events that have none.
    """

    def __init__(self, now: Callable[[], float], new_id: Callable[[], str]) -> None:
        self.events: list[NewEvent] = []
        self.jobs: list[NewJob] = []
        self.replies: list[NewReply] = []
        self._now = now
        self._new_id = new_id

    def publish(self, event: event_pb2.Event) -> None:
        """See `Transaction.publish`."""
        filled = event_pb2.Event()
        filled.CopyFrom(event)
        if not filled.event_id:
            filled.event_id = self._new_id()
        if not filled.HasField("time"):
            filled.time.FromNanoseconds(int(self._now() * 1e9))
        self.events.append(NewEvent(filled, trace_headers()))

    def enqueue(self, topic: str, body: Message, *, key: str, priority: int = 0) -> None:
        """See `Transaction.enqueue`."""
        self.jobs.append(NewJob(topic, key, body.SerializeToString(), priority, trace_headers()))

    def remember(self, reply: Message) -> None:
        """See `Transaction.remember`."""
        request = current_request()
        if request is not None:
            self.replies = [NewReply(request, request.kept(reply.SerializeToString()))]

    def is_empty(self) -> bool:
        """Whether nothing goes out."""
        return not (self.events or self.jobs or self.replies)
