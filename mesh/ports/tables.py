"""Tables of the mesh itself: outbox, subscriptions, jobs and remembered replies.

Times are seconds since 1970.
"""

from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()
# SQLite numbers rows by itself only where the type is INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")


class JobState(StrEnum):
    """Where a job stands. A LEASED job whose lease ran out can be leased again like a WAITING one.

    RELAYED: a message broker holds a message for it. When its time is up it counts as WAITING again.
    """

    WAITING = "WAITING"
    RELAYED = "RELAYED"
    LEASED = "LEASED"
    DONE = "DONE"
    DEAD = "DEAD"


outbox = Table(
    "outbox",
    metadata,
    Column("seq", _Number, primary_key=True),
    Column("transaction_id", BigInteger, nullable=False, server_default="0"),
    Column("kind", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("time", Float, nullable=False),
    sqlite_autoincrement=True,
)
Index("outbox_time", outbox.c.time)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("name", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("transaction_id", BigInteger, nullable=False, server_default="0"),
)

# One row. What is added to the transaction ids of this server, so that they are higher than those in the log also
# after the log was brought over from another server.
log_epoch = Table(
    "log_epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("ahead", BigInteger, nullable=False),
)

event_failures = Table(
    "event_failures",
    metadata,
    Column("subscription", String, primary_key=True),
    Column("event_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("time", Float, nullable=False),
    Column("asked_again", Boolean, nullable=False),
)

queue_jobs = Table(
    "queue_jobs",
    metadata,
    Column("seq", _Number, primary_key=True),
    Column("topic", String, nullable=False),
    Column("key", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("token", Integer, nullable=False),
    Column("available", Float, nullable=False),
    Column("enqueued", Float, nullable=False),
    Column("finished", Float),
    Column("reason", String, nullable=False),
    # The broker's message that a lease stands on; empty where there is none.
    Column("message", String, nullable=False, server_default=""),
    UniqueConstraint("topic", "key"),
    sqlite_autoincrement=True,
)
_OPEN = queue_jobs.c.finished.is_(None)
Index(
    "queue_jobs_next",
    queue_jobs.c.topic,
    queue_jobs.c.priority.desc(),
    queue_jobs.c.seq,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "queue_jobs_due",
    queue_jobs.c.topic,
    queue_jobs.c.available,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "queue_jobs_available",
    queue_jobs.c.available,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index("queue_jobs_finished", queue_jobs.c.finished)

replies = Table(
    "replies",
    metadata,
    Column("principal", String, primary_key=True),
    Column("method", String, primary_key=True),
    Column("request_id", String, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("reply", LargeBinary, nullable=False),
    Column("time", Float, nullable=False),
)
Index("replies_time", replies.c.time)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("audit_entry_id", String(36), primary_key=True),
    Column("time_us", BigInteger, nullable=False),
    Column("principal_id", String(64), nullable=False),
    Column("method", String(200), nullable=False),
    Column("resource", String(128), nullable=False),
    Column("code", String(32), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("sealed_address", LargeBinary, nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("factors", JSON, nullable=False, server_default="[]"),
    Index("audit_entries_in_order", "time_us", "audit_entry_id"),
    Index("audit_entries_by_principal", "principal_id", "time_us", "audit_entry_id"),
    Index("audit_entries_by_resource", "resource", "time_us", "audit_entry_id"),
)
