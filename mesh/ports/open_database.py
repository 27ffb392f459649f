"""Opens the relational store that the settings ask for."""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mesh.config import ConfigurationError, Settings
from mesh.ports.sql_database import SqlDatabase
from mesh.ports.sql_sqlite import SqliteDatabase


async def open_database(
    settings: Settings, now: Callable[[], float] | None, new_id: Callable[[], str]
) -> SqlDatabase:
    """Connects to `DATABASE_URL`, or opens the file of the embedded store.

    Args:
        settings: which one.
        now: seconds since 1970; None: this machine's clock, or the server's where there is one.
        new_id: ids of events.

    Raises:
        ConfigurationError: there is no adapter for the URL.
        OSError: it cannot be opened.
    """
    url = settings.database_url
    scheme = "sqlite" if url is None else urlsplit(url).scheme.partition("+")[0]
    if scheme == "postgresql":
        return await _open_postgres(settings, now, new_id)
    if scheme != "sqlite":
        raise ConfigurationError(
            [
                f"DATABASE_URL: no adapter for {scheme}://; give postgresql://user:password@host:port/database,"
                " sqlite:///absolute/path, or leave it unset"
            ]
        )
    path = settings.database_path if url is None else Path(unquote(urlsplit(url).path))
    return await SqliteDatabase.open(path, now=now or time.time, new_id=new_id)


async def _open_postgres(
    settings: Settings, now: Callable[[], float] | None, new_id: Callable[[], str]
) -> SqlDatabase:
    # Imported here: the embedded system needs no driver of a server.
    from mesh.ports.sql_postgres import PostgresDatabase

    assert settings.database_url is not None
    return await PostgresDatabase.open(
        settings.database_url,
        replica_url=settings.database_replica_url,
        now=now,
        new_id=new_id,
        pool_size=settings.database_pool,
    )
