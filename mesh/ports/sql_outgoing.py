"""Writes what a unit of work sends out into the tables of the same database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from mesh.ports.outgoing import NewEvent, NewJob, NewReply, Outgoing
from mesh.ports.replies import AlreadyRemembered
from mesh.ports.tables import JobState, outbox, queue_jobs, replies

Insert = sqlite.Insert | postgresql.Insert


@dataclass(frozen=True)
class OutgoingWriter:
    """Knows how a database inserts.

    Args:
        insert: an INSERT of the dialect.
        transaction_id: what stands for the transaction in the rows of events.
    """

    insert: Callable[[Table], Insert]
    transaction_id: ColumnElement[int]

    def write(self, outgoing: Outgoing, now: float, connection: Connection) -> None:
        """Writes what goes out, without a commit.

        Raises:
            AlreadyRemembered: the reply's request id was committed by another call.
        """
        for reply in outgoing.replies:
            if connection.execute(self.reply(reply, now)).rowcount == 0:
                raise already_remembered(reply)
        if outgoing.events:
            event = self.insert(outbox).values(transaction_id=self.transaction_id)
            connection.execute(event, [_event_row(new, now) for new in outgoing.events])
        if outgoing.jobs:
            connection.execute(self._job(), [_job_row(job, now) for job in outgoing.jobs])

    def job(self, job: NewJob, now: float) -> Insert:
        """Adds a job unless its topic and key are known."""
        return self._job().values(_job_row(job, now))

    def reply(self, new: NewReply, now: float) -> Insert:
        """Adds a reply unless there is one under its request id; then no row is met."""
        request = new.request
        statement = self.insert(replies).values(
            principal=request.principal,
            method=request.method,
            request_id=request.request_id,
            body_hash=request.body_hash,
            reply=new.reply,
            time=now,
        )
        return statement.on_conflict_do_nothing().execution_options(preserve_rowcount=True)

    def _job(self) -> Insert:
        return self.insert(queue_jobs).on_conflict_do_nothing(index_elements=["topic", "key"])


def already_remembered(new: NewReply) -> AlreadyRemembered:
    """What ends a unit of work whose reply is known."""
    return AlreadyRemembered(f"request id {new.request.request_id!r} was answered by another call")


def _event_row(new: NewEvent, now: float) -> Mapping[str, Any]:
    return {
        "kind": new.event.WhichOneof("payload") or "",
        "body": new.event.SerializeToString(),
        "headers": dict(new.headers),
        "time": now,
    }


def _job_row(job: NewJob, now: float) -> Mapping[str, Any]:
    return {
        "topic": job.topic,
        "key": job.key,
        "body": job.body,
        "priority": job.priority,
        "headers": dict(job.headers),
        "state": JobState.WAITING,
        "attempt": 0,
        "token": 0,
        "available": now,
        "enqueued": now,
        "reason": "",
    }
