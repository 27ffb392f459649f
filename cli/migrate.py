"""Brings the database to the schema that this program needs."""

import asyncio
from typing import TextIO

from sqlalchemy.exc import DBAPIError

from mesh.config import ConfigurationError, Settings
from mesh.ids import Ids


class MigrationFailed(Exception):
    """The schema could not be changed; what was wrong and what to do. Nothing was changed."""


def migrate(settings: Settings) -> tuple[str | None, str]:
    """Runs the steps that are missing.

    Returns:
        The step the database was at, None where it was empty or embedded, and the one it is at now.

    Raises:
        MigrationFailed: the server refused or does not answer.
        ConfigurationError: a later version of this program made the schema.
        OSError: the embedded database cannot be opened.
    """
    from mesh.migrations.version import newest

    if not _is_postgres(settings):
        asyncio.run(_open_embedded(settings))
        return None, newest()
    from mesh.migrations.apply import SchemaNewer, migrate_postgres

    assert settings.database_url is not None
    try:
        return migrate_postgres(settings.database_url)
    except SchemaNewer as error:
        raise ConfigurationError([str(error)]) from error
    except DBAPIError as error:
        reason = type(error.orig).__name__
        raise MigrationFailed(
            f"DATABASE_URL: the server refused the migration or does not answer ({reason}); nothing was changed."
            " Look whether it runs, and whether the role may create tables; then repeat"
        ) from error


def wrong_version(settings: Settings) -> str | None:
    """What `mootion migrate` would be needed for, or what is wrong beyond that; None when the schema is right.

    Raises:
        MigrationFailed: the server does not answer.
    """
    from sqlalchemy import create_engine, make_url

    from mesh.migrations.version import problem, version_of

    postgres = _is_postgres(settings)
    if not postgres and not settings.database_path.exists():
        return problem(None, "MOOTION_DATA_DIR")
    url = make_url(settings.database_url or f"sqlite:///{settings.database_path}")
    engine = create_engine(url.set(drivername="postgresql+psycopg") if postgres else url)
    try:
        with engine.connect() as connection:
            return problem(version_of(connection), "DATABASE_URL" if postgres else "MOOTION_DATA_DIR")
    except DBAPIError as error:
        raise MigrationFailed("DATABASE_URL: the server does not answer; look whether it runs") from error
    finally:
        engine.dispose()


def write_sql(settings: Settings, out: TextIO) -> None:
    """Writes the statements that make the schema in an empty database."""
    from mesh.migrations.apply import write_sql as write

    write("postgresql" if _is_postgres(settings) else "sqlite", out)


def _is_postgres(settings: Settings) -> bool:
    return (settings.database_url or "").startswith("postgresql")


async def _open_embedded(settings: Settings) -> None:
    from mesh.ports.open_database import open_database

    database = await open_database(settings, None, Ids().new)
    await database.close()
