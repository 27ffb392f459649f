"""A PostgreSQL database as an archive of `pg_dump`, taken while others write to it."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import DBAPIError

FILE = "database.dump"


class PostgresFailed(Exception):
    """The server or its programs did not do what was asked; the message says what to do."""


def program(name: str) -> str:
    """Path of `pg_dump` or `pg_restore`: that of the machine or of the Python package pgserver, whichever is newer.

    Raises:
        PostgresFailed: there is none.
    """
    found = [path for path in (shutil.which(name), _packaged(name)) if path is not None]
    if not found:
        raise PostgresFailed(
            f"The program {name} is missing. Install it (Debian: apt-get install postgresql-client), of the server's"
            " version or a later one, and repeat."
        )
    return max(found, key=_version)


def _packaged(name: str) -> str | None:
    package = importlib.util.find_spec("pgserver")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / "pginstall" / "bin" / name
    return str(path) if path.exists() else None


def _version(path: str) -> tuple[int, ...]:
    said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2])


def dump(url: str, target: Path) -> Mapping[str, int]:
    """Writes an archive of the database as it is at one moment; writers do not wait for it.

    Returns:
        How many rows each table has at that moment.

    Raises:
        PostgresFailed: the server does not answer, or `pg_dump` is missing, refuses or is too old.
    """
    pg_dump = program("pg_dump")
    with _connected(url, "REPEATABLE READ") as connection:
        moment = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        command = [pg_dump, "--format=custom", "--no-owner", "--no-privileges"]
        _run([*command, f"--snapshot={moment}", f"--file={target}"], url)
        return counts(connection)


def restore(url: str, source: Path) -> Mapping[str, int]:
    """Reads an archive into an empty database, all of it or nothing.

    Returns:
        How many rows each table has.

    Raises:
        PostgresFailed: the database is not empty, the server does not answer, or `pg_restore` is missing or refuses.
    """
    refuse_tables(url)
    command = [program("pg_restore"), "--single-transaction", "--exit-on-error", "--no-owner"]
    _run([*command, "--no-privileges", f"--dbname={make_url(url).database}", str(source)], url)
    with _connected(url, "REPEATABLE READ") as connection:
        return counts(connection)


def refuse_tables(url: str) -> None:
    """Raises PostgresFailed where the database has tables."""
    with _connected(url, "READ COMMITTED") as connection:
        if inspect(connection).get_table_names():
            raise PostgresFailed("DATABASE_URL: the database has tables already. Name an empty one.")


def counts(connection: Connection) -> Mapping[str, int]:
    """Rows of each table."""
    prepared = connection.dialect.identifier_preparer
    tables = sorted(inspect(connection).get_table_names())
    count = "SELECT count(*) FROM "
    return {name: connection.execute(text(count + prepared.quote(name))).scalar_one() for name in tables}


@contextmanager
def _connected(url: str, isolation: str) -> Iterator[Connection]:
    driver = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(driver, connect_args={"connect_timeout": 10}, isolation_level=isolation)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise PostgresFailed(
            "DATABASE_URL: the server refuses or does not answer; look whether it runs, then repeat."
        ) from error
    finally:
        engine.dispose()


def _run(command: Sequence[str], url: str) -> None:
    """Runs a program of PostgreSQL with the database in its environment, where other processes do not see the
    password."""
    done = subprocess.run(command, env={**os.environ, **_environment(make_url(url))}, capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = next((line for line in said if "error:" in line), said[-1] if said else "no reason given")
        raise PostgresFailed(
            f"{Path(command[0]).name} failed: {reason.partition('error:')[2].strip() or reason}"
        )


def _environment(url: URL) -> dict[str, str]:
    found: dict[str, str | int | None] = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
    }
    found |= {"PGDATABASE": url.database}
    found |= {f"PG{name.upper()}": str(value) for name, value in url.query.items() if name.startswith("ssl")}
    return {name: str(value) for name, value in found.items() if value is not None}
