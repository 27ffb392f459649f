"""The embedded database as one file, copied while others write to it."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from mesh.backups.manifest import BackupBroken

FILE = "mootion.db"


def snapshot(source: Path, target: Path) -> Mapping[str, int]:
    """Copies the database as it is at one moment; writers do not wait for it.

    All pages are copied in one step: in several, each write of another process would start the copy anew.

    Returns:
        How many rows each table has.

    Raises:
        BackupBroken: the copy is damaged, as the database is.
    """
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=10)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode = DELETE")
        if copy.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise BackupBroken(f"{source.name} is damaged: SQLite's quick_check finds errors.")
        rows = counts(copy)
    _to_disk(target)
    return rows


def counts(connection: sqlite3.Connection) -> Mapping[str, int]:
    """Rows of each table."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    tables = [name for (name,) in connection.execute(names)]
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}


def rows_of(path: Path) -> Mapping[str, int]:
    """Rows of each table of a database file that nobody else has open."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return counts(connection)


def _to_disk(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
