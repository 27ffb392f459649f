"""Tables of the identity service. Columns named `sealed_` hold what `mesh.sealing` sealed; times are microseconds.

So that no two units of work wait for each other: one that changes more than one row of an account, or that concerns
two accounts, locks the accounts first, all at once in the order of their ids, and its other rows after that. What goes
through rows of many accounts, or knows none, locks sessions before their refresh tokens, rows of one table in the order
of their keys, and does each kind in a unit of work of its own.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()

accounts = Table(
    "identity_accounts",
    metadata,
    Column("account_id", String(36), primary_key=True),
    Column("username", String(64), nullable=False),
    Column("username_key", String(64), nullable=False, unique=True),
    Column("sealed_email", LargeBinary),
    Column("sealed_display_name", LargeBinary),
    Column("role", Integer, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("password_hash", String(255)),
    Column("sealed_totp", LargeBinary),
    Column("totp_confirmed", Boolean, nullable=False),
    Column("totp_step", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Index("identity_accounts_in_order", "created_us", "account_id"),
)
recovery_codes = Table(
    "identity_recovery_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("account_id", String(36), nullable=False, index=True),
)
sessions = Table(
    "identity_sessions",
    metadata,
    Column("session_id", String(36), primary_key=True),
    Column("account_id", String(36), nullable=False),
    Column("sealed_client", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("refreshed_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger, nullable=False),
    Index("identity_sessions_by_account", "account_id", "created_us", "session_id"),
    Index("identity_sessions_by_end", "ends_us"),
)
refresh_tokens = Table(
    "identity_refresh_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("session_id", String(36), nullable=False, index=True),
    Column("used", Boolean, nullable=False),
)
revocations = Table(
    "identity_revocations",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("session_id", String(36), nullable=False),
    Column("time_us", BigInteger, nullable=False, index=True),
    sqlite_autoincrement=True,
)
one_time_tokens = Table(
    "identity_one_time_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("account_id", String(36), nullable=False),
    Column("sealed_body", LargeBinary),
    Column("ends_us", BigInteger, nullable=False, index=True),
)
api_keys = Table(
    "identity_api_keys",
    metadata,
    Column("api_key_id", String(36), primary_key=True),
    Column("account_id", String(36), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger, nullable=False),
    Column("used_us", BigInteger, nullable=False),
    Index("identity_api_keys_by_account", "account_id", "created_us", "api_key_id"),
)
students = Table(
    "identity_students",
    metadata,
    Column("teacher_id", String(36), primary_key=True),
    Column("student_id", String(36), primary_key=True),
    Column("linked_us", BigInteger, nullable=False),
    Index("identity_students_in_order", "teacher_id", "linked_us", "student_id"),
    Index("identity_students_by_student", "student_id"),
)
providers = Table(
    "identity_providers",
    metadata,
    Column("provider", String(32), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("account_id", String(36), nullable=False, index=True),
    UniqueConstraint("provider", "account_id"),
)
signing_keys = Table(
    "identity_signing_keys",
    metadata,
    Column("kid", String(36), primary_key=True),
    Column("sealed_private", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False, index=True),
)
