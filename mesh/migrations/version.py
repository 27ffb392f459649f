"""Which step of the history a database is at. Needs no Alembic, whose import takes a tenth of a second."""

from functools import cache
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

VERSIONS = Path(__file__).with_name("versions")
EMBEDDED_SCHEMA = Path(__file__).with_name("embedded.sql")
# The step that made the tables of data folders from before there was a history.
EMBEDDED = "0001"

_stored = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


@cache
def newest() -> str:
    """The step that this program needs."""
    return max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))


def version_of(connection: Connection) -> str | None:
    """The step a database is at; None for an empty one."""
    if inspect(connection).has_table(_stored.name):
        return connection.execute(select(_stored.c.version_num)).scalar()
    return EMBEDDED if inspect(connection).has_table("outbox") else None


def problem(found: str | None, where: str) -> str | None:
    """Why this program cannot work with a database at a step; None when it can.

    Args:
        found: the step; None for an empty database.
        where: the variable that names the database.
    """
    if found == newest():
        return None
    if found is None or found < newest():
        at = "is empty" if found is None else f"is at step {found}"
        return f"{where}: the database {at} and has to be at step {newest()}; run `mootion migrate`"
    return (
        f"{where}: the database is at step {found}, and this program knows steps up to {newest()};"
        " start the version of Mootion that made it, or a later one"
    )


def embedded_schema() -> list[str]:
    """The statements that make the newest schema in an empty SQLite file; none where they were not written yet."""
    text = EMBEDDED_SCHEMA.read_text(encoding="utf-8")
    head, _, statements = text.partition("\n")
    if not head.startswith(f"-- {newest()}"):
        return []
    return [statement for part in statements.split(";\n") if (statement := part.strip())]
