"""Writes what a unit of work sends out into the tables of the same SQLite file, and commits."""

from collections.abc import Sequence

from sqlalchemy import Connection, Insert
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from mesh.ports.outgoing import NewEvent, NewJob, NewReply, Outgoing
from mesh.ports.replies import AlreadyRemembered
from mesh.ports.sqlite_connection import SqliteConnection
from mesh.ports.tables import JobState, outbox, queue_jobs, replies


async def write_outgoing(connection: SqliteConnection, outgoing: Outgoing, now: float) -> None:
    """Writes and commits in one go.

    Raises:
        AlreadyRemembered: the reply's request id was committed by another call.
    """

    def write(raw: Connection) -> None:
        _write_replies(raw, outgoing.replies, now)
        for new in outgoing.events:
            raw.execute(insert_event(new, now))
        for job in outgoing.jobs:
            raw.execute(insert_job(job, now))
        raw.commit()

    await connection.run(write, interruptible=False)


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
