"""The tables of the first embedded system."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Creates them."""
    _create_log()
    _create_queue()
    _create_replies()
    _create_documents()
    _create_flowcharts()
    _create_quizzes()
    _create_videos()
    _create_usage()


def _create_log() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", _NUMBER, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("time", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_time", "outbox", ["time"])
    op.create_table(
        "subscriptions",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )


def _create_queue() -> None:
    op.create_table(
        "queue_jobs",
        sa.Column("seq", _NUMBER, primary_key=True),
        sa.Column("topic", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("available", sa.Float, nullable=False),
        sa.Column("enqueued", sa.Float, nullable=False),
        sa.Column("finished", sa.Float),
        sa.Column("reason", sa.String, nullable=False),
        sa.UniqueConstraint("topic", "key"),
        sqlite_autoincrement=True,
    )
    is_open = sa.text("finished IS NULL")
    op.create_index(
        "queue_jobs_next",
        "queue_jobs",
        ["topic", sa.text("priority DESC"), "seq"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index(
        "queue_jobs_due", "queue_jobs", ["topic", "available"], sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_index("queue_jobs_finished", "queue_jobs", ["finished"])


def _create_replies() -> None:
    op.create_table(
        "replies",
        sa.Column("principal", sa.String, primary_key=True),
        sa.Column("method", sa.String, primary_key=True),
        sa.Column("request_id", sa.String, primary_key=True),
        sa.Column("body_hash", sa.LargeBinary, nullable=False),
        sa.Column("reply", sa.LargeBinary, nullable=False),
        sa.Column("time", sa.Float, nullable=False),
    )
    op.create_index("replies_time", "replies", ["time"])


def _create_documents() -> None:
    op.create_table(
        "document_documents",
        sa.Column("document_id", sa.String(36), primary_key=True),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("lease_token", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index(
        "document_documents_by_owner", "document_documents", ["owner_id", "created_us", "document_id"]
    )
    for noun in ("passage", "atom"):
        op.create_table(
            f"document_{noun}s",
            sa.Column(f"{noun}_id", sa.String(36), primary_key=True),
            sa.Column("document_id", sa.String(36), nullable=False),
            sa.Column("owner_id", sa.String(64), nullable=False),
            sa.Column("sequence", sa.Integer, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
        )
        op.create_index(f"document_{noun}s_in_order", f"document_{noun}s", ["document_id", "sequence"])


def _create_flowcharts() -> None:
    op.create_table(
        "flowchart_flowcharts",
        sa.Column("document_id", sa.String(36), primary_key=True),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def _create_quizzes() -> None:
    op.create_table(
        "quiz_quizzes",
        sa.Column("quiz_id", sa.String(36), primary_key=True),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("quiz_quizzes_by_owner", "quiz_quizzes", ["owner_id", "created_us", "quiz_id"])
    op.create_index("quiz_quizzes_by_document", "quiz_quizzes", ["document_id"])
    op.create_table(
        "quiz_items",
        sa.Column("quiz_id", sa.String(36), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("question_id", sa.String(36), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "quiz_attempts",
        sa.Column("attempt_id", sa.String(36), primary_key=True),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("quiz_id", sa.String(36), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("quiz_attempts_by_quiz", "quiz_attempts", ["quiz_id"])


def _create_videos() -> None:
    op.create_table(
        "video_videos",
        sa.Column("video_id", sa.String(36), primary_key=True),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("target_seconds", sa.Integer, nullable=False),
        sa.Column("lease_token", sa.BigInteger, nullable=False),
        sa.Column("blob_prefix", sa.String(200), nullable=False),
        sa.Column("script", sa.LargeBinary),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("video_videos_by_owner", "video_videos", ["owner_id", "created_us", "video_id"])
    op.create_index("video_videos_by_document", "video_videos", ["document_id"])
    op.create_table(
        "video_scenes",
        sa.Column("video_id", sa.String(36), primary_key=True),
        sa.Column("scene_index", sa.Integer, primary_key=True),
        sa.Column("lease_token", sa.BigInteger, nullable=False),
        sa.Column("rendered", sa.LargeBinary),
    )
    op.create_table(
        "video_tags",
        sa.Column("video_id", sa.String(36), primary_key=True),
        sa.Column("tag", sa.String(50), primary_key=True),
    )
    op.create_index("video_tags_by_tag", "video_tags", ["tag", "video_id"])


def _create_usage() -> None:
    op.create_table(
        "llm_usage",
        sa.Column("principal_id", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("engine", sa.String(64), primary_key=True),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
    )
