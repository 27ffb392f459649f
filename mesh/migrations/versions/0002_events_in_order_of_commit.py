"""Events know their transaction, the log is in partitions on PostgreSQL, and events can be set apart."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Changes the log."""
    if op.get_context().dialect.name == "postgresql":
        _divide_the_log()
        _vacuum_often()
    else:
        op.add_column("outbox", _transaction_id())
    op.add_column("subscriptions", _transaction_id())
    _create_epoch()
    op.create_table(
        "event_failures",
        sa.Column("subscription", sa.String, primary_key=True),
        sa.Column("event_id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("time", sa.Float, nullable=False),
        sa.Column("asked_again", sa.Boolean, nullable=False),
    )


def _transaction_id() -> sa.Column[int]:
    return sa.Column("transaction_id", sa.BigInteger, nullable=False, server_default="0")


def _divide_the_log() -> None:
    """Ranges of transactions, so that what is old goes by the partition; the rest takes what has none yet."""
    op.drop_index("outbox_time", "outbox")
    op.rename_table("outbox", "outbox_before")
    op.execute("ALTER SEQUENCE outbox_seq_seq OWNED BY NONE")
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger, nullable=False, server_default=sa.text("nextval('outbox_seq_seq')")),
        _transaction_id(),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("time", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", "seq", name="outbox_in_order"),
        postgresql_partition_by="RANGE (transaction_id)",
    )
    op.create_index("outbox_time", "outbox", ["time"])
    op.execute("CREATE TABLE outbox_rest PARTITION OF outbox DEFAULT")
    op.execute(
        "INSERT INTO outbox (seq, kind, body, headers, time) SELECT seq, kind, body, headers, time FROM outbox_before"
    )
    op.drop_table("outbox_before")


def _vacuum_often() -> None:
    """A job's row changes a few times within minutes; what it was before must not pile up in front of the next."""
    op.execute(
        "ALTER TABLE queue_jobs SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000)"
    )


def _create_epoch() -> None:
    epoch = op.create_table(
        "log_epoch",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ahead", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(epoch, [{"id": 1, "ahead": 0}])
