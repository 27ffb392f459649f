"""A job can be with a message broker: the message that its lease stands on, and an index by time alone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Changes the queue."""
    op.add_column("queue_jobs", sa.Column("message", sa.String, nullable=False, server_default=""))
    is_open = sa.text("finished IS NULL")
    op.create_index(
        "queue_jobs_available", "queue_jobs", ["available"], sqlite_where=is_open, postgresql_where=is_open
    )
