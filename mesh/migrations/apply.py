"""Brings a database to the newest step of the history."""

import hashlib
from typing import Any, TextIO

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, make_url, text

from mesh.migrations.version import EMBEDDED, VERSIONS, newest, problem, version_of

_LOCK = int.from_bytes(hashlib.sha256(b"mootion migrate").digest()[:8], "big", signed=True)
_LOCK_WAIT = text("SET lock_timeout = '60s'")


def migrate(connection: Connection, to: str = "head") -> None:
    """Runs the steps that are missing, in the transaction of the connection, which the caller commits.

    Tables from before there was a history are taken as its first step.
    """
    config = _config(connection=connection)
    if version_of(connection) == EMBEDDED:
        command.stamp(config, EMBEDDED)
    command.upgrade(config, to)


def write_sql(dialect: str, out: TextIO) -> None:
    """Writes the statements that make the tables in an empty database."""
    command.upgrade(_config(dialect=dialect, out=out), "head", sql=True)


def migrate_postgres(url: str) -> tuple[str | None, str]:
    """Brings a PostgreSQL database to the newest step. Of two that do so at once, the second waits and finds it done.

    Returns:
        The step it was at, None where it was empty, and the one it is at.

    Raises:
        SchemaNewer: the database is ahead of this program.
        sqlalchemy.exc.DBAPIError: the server refuses or does not answer.
    """
    # Imported here: the embedded database needs no driver of a server.
    from mesh.ports.postgres_partitions import make_missing

    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), connect_args={"connect_timeout": 3}
    )
    with engine.begin() as connection:
        connection.execute(_LOCK_WAIT)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = version_of(connection)
        if found is not None and found > newest():
            raise SchemaNewer(problem(found, "DATABASE_URL"))
        if found != newest():
            migrate(connection)
        make_missing(connection)
    engine.dispose()
    return found, newest()


class SchemaNewer(Exception):
    """The database was migrated by a later version of this program."""


def write_embedded_schema() -> str:
    """The statements that make the newest schema in an empty SQLite file, for `embedded.sql`."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate(connection)
        made = connection.execute(
            text(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
            )
        )
        statements = [
            *made.scalars(),
            f"INSERT INTO alembic_version VALUES ('{newest()}')",
            "INSERT INTO log_epoch VALUES (1, 0)",
        ]
    engine.dispose()
    return f"-- {newest()}: made by `python -m mesh.migrations`\n\n" + ";\n\n".join(statements) + ";\n"


def _config(out: TextIO | None = None, **attributes: Any) -> Config:
    config = Config(output_buffer=out, attributes=attributes)
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.set_main_option("path_separator", "os")
    return config
