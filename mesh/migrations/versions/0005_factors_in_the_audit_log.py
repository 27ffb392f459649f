"""An entry of the audit log says by what somebody signed in; those from before say nothing of it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the column, with a default: a process of the version before may go on adding entries."""
    op.add_column("audit_entries", sa.Column("factors", sa.JSON, nullable=False, server_default="[]"))
