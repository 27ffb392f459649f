"""Writes what a unit of work sends out into the tables of the same SQLite file."""

from collections.abc import Sequence

from sqlalchemy import Connection, Insert
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from mesh.ports.outgoing import NewEvent, NewJob, NewReply, Outgoing
from mesh.ports.replies import AlreadyRemembered
from mesh.ports.tables import JobState, outbox, queue_jobs, replies


def write_outgoing(outgoing: Outgoing, now: float, connection: Connection) -> None:
    """Writes it, without a commit.

    Raises:
        AlreadyRemembered: the reply's request id was committed by another call.
    """
    _write_replies(connection, outgoing.replies, now)
    for new in outgoing.events:
        connection.execute(insert_event(new, now))
    for job in outgoing.jobs:
        connection.execute(insert_job(job, now))


def insert_job(job: NewJob, now: float) -> Insert:
    """Adds a job unless its topic and key are known."""
    statement = insert(queue_jobs).values(
        topic=job.topic,
        key=job.key,
        body=job.body,
        priority=job.priority,
        headers=dict(job.headers),
        state=JobState.WAITING,
        attempt=0,
        token=0,
        available=now,
        enqueued=now,
        reason="",
    )
    return statement.on_conflict_do_nothing(index_elements=["topic", "key"])


def insert_event(new: NewEvent, now: float) -> Insert:
    """Adds an event at the end of the log."""
    return insert(outbox).values(
        kind=new.event.WhichOneof("payload") or "",
        body=new.event.SerializeToString(),
        headers=dict(new.headers),
        time=now,
    )


def _write_replies(connection: Connection, remembered: Sequence[NewReply], now: float) -> None:
    for new in remembered:
        request = new.request
        statement = insert(replies).values(
            principal=request.principal,
            method=request.method,
            request_id=request.request_id,
            body_hash=request.body_hash,
            reply=new.reply,
            time=now,
        )
        try:
            connection.execute(statement)
        except IntegrityError as error:
            raise AlreadyRemembered(
                f"request id {request.request_id!r} was answered by another call"
            ) from error
