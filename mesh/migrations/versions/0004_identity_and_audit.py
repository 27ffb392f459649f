"""Accounts, their sessions, tokens and keys, and the audit log, whose entries nobody changes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Creates them."""
    _create_accounts()
    _create_sessions()
    _create_tokens()
    _create_audit()
    _keep_entries_as_they_are()


def _create_accounts() -> None:
    op.create_table(
        "identity_accounts",
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("username_key", sa.String(64), nullable=False),
        sa.Column("sealed_email", sa.LargeBinary),
        sa.Column("sealed_display_name", sa.LargeBinary),
        sa.Column("role", sa.Integer, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("sealed_totp", sa.LargeBinary),
        sa.Column("totp_confirmed", sa.Boolean, nullable=False),
        sa.Column("totp_step", sa.BigInteger, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
        sa.UniqueConstraint("username_key"),
    )
    op.create_index("identity_accounts_in_order", "identity_accounts", ["created_us", "account_id"])
    op.create_table(
        "identity_recovery_codes",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.create_index("ix_identity_recovery_codes_account_id", "identity_recovery_codes", ["account_id"])
    op.create_table(
        "identity_providers",
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("provider", "subject"),
        sa.UniqueConstraint("provider", "account_id"),
    )
    op.create_index("ix_identity_providers_account_id", "identity_providers", ["account_id"])
    op.create_table(
        "identity_students",
        sa.Column("teacher_id", sa.String(36), nullable=False),
        sa.Column("student_id", sa.String(36), nullable=False),
        sa.Column("linked_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("teacher_id", "student_id"),
    )
    op.create_index("identity_students_by_student", "identity_students", ["student_id"])
    op.create_index(
        "identity_students_in_order", "identity_students", ["teacher_id", "linked_us", "student_id"]
    )


def _create_sessions() -> None:
    op.create_table(
        "identity_sessions",
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("sealed_client", sa.LargeBinary, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("refreshed_us", sa.BigInteger, nullable=False),
        sa.Column("ends_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_index(
        "identity_sessions_by_account", "identity_sessions", ["account_id", "created_us", "session_id"]
    )
    op.create_index("identity_sessions_by_end", "identity_sessions", ["ends_us"])
    op.create_table(
        "identity_refresh_tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("used", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_identity_refresh_tokens_session_id", "identity_refresh_tokens", ["session_id"])
    op.create_table(
        "identity_revocations",
        sa.Column("position", _NUMBER, nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_identity_revocations_time_us", "identity_revocations", ["time_us"])


def _create_tokens() -> None:
    op.create_table(
        "identity_one_time_tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary),
        sa.Column("ends_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_identity_one_time_tokens_ends_us", "identity_one_time_tokens", ["ends_us"])
    op.create_table(
        "identity_api_keys",
        sa.Column("api_key_id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("ends_us", sa.BigInteger, nullable=False),
        sa.Column("used_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("api_key_id"),
        sa.UniqueConstraint("key_hash"),
    )
    op.create_index(
        "identity_api_keys_by_account", "identity_api_keys", ["account_id", "created_us", "api_key_id"]
    )
    op.create_table(
        "identity_signing_keys",
        sa.Column("kid", sa.String(36), nullable=False),
        sa.Column("sealed_private", sa.LargeBinary, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kid"),
    )
    op.create_index("ix_identity_signing_keys_created_us", "identity_signing_keys", ["created_us"])


def _create_audit() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("audit_entry_id", sa.String(36), nullable=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("principal_id", sa.String(64), nullable=False),
        sa.Column("method", sa.String(200), nullable=False),
        sa.Column("resource", sa.String(128), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("sealed_address", sa.LargeBinary, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("audit_entry_id"),
    )
    op.create_index(
        "audit_entries_by_principal", "audit_entries", ["principal_id", "time_us", "audit_entry_id"]
    )
    op.create_index("audit_entries_by_resource", "audit_entries", ["resource", "time_us", "audit_entry_id"])
    op.create_index("audit_entries_in_order", "audit_entries", ["time_us", "audit_entry_id"])


def _keep_entries_as_they_are() -> None:
    """No statement changes an entry, and none removes one that is younger than 400 days."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            """
            CREATE FUNCTION audit_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' AND OLD.time_us < extract(epoch FROM now() - interval '400 days') * 1000000 THEN
                    RETURN OLD;
                END IF;
                RAISE EXCEPTION 'audit entries stay as they are';
            END $$
            """
        )
        op.execute(
            "CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE ON audit_entries"
            " FOR EACH ROW EXECUTE FUNCTION audit_entries_stay()"
        )
        return
    op.execute(
        "CREATE TRIGGER audit_entries_stay_as_they_are BEFORE UPDATE ON audit_entries"
        " BEGIN SELECT RAISE(ABORT, 'audit entries stay as they are'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_entries_stay BEFORE DELETE ON audit_entries"
        " WHEN OLD.time_us > (unixepoch() - 400 * 86400) * 1000000"
        " BEGIN SELECT RAISE(ABORT, 'audit entries stay as they are'); END"
    )
