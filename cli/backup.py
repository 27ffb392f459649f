"""Copies a running system into a folder, and makes a system of such a folder."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cli import lock
from cli.stores import is_embedded
from mesh.backups import blobs as copies
from mesh.backups import manifest as manifests
from mesh.backups.manifest import BLOBS, KEYS, BackupBroken, Manifest
from mesh.config import Settings

PARTIAL = ".partial"
RESTORING = ".restoring"


class BackupFailed(Exception):
    """Nothing was backed up or restored; the message says why and what to do."""


@dataclass(frozen=True)
class Done:
    """What was copied: files and bytes, rows of all tables, and the step of the schema."""

    files: int
    size: int
    rows: int
    schema: str

    @classmethod
    def of(cls, manifest: Manifest) -> "Done":
        """What a manifest says."""
        return cls(len(manifest.files), manifest.size, sum(manifest.rows.values()), manifest.schema)


def database_path(settings: Settings) -> Path:
    """The file of the embedded database."""
    return settings.database_path if settings.database_url is None else _path_of(settings.database_url)


def _path_of(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def backup(settings: Settings, target: Path) -> Done:
    """Copies database, blobs and keys of a system, running or not, into a new folder.

    What was acknowledged before the call is in it.

    Raises:
        BackupFailed: the folder is in use, a store does not answer, or the database is damaged.
    """
    if target.exists() and any(_entries(target)):
        raise BackupFailed(f"{target} is not empty. Name a folder that is empty or not there yet.")
    partial = target.with_name(target.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True, mode=0o700)
        done = asyncio.run(_backup(settings, partial))
        if target.exists():
            target.rmdir()
        partial.rename(target)
        return done
    except (BackupBroken, OSError) as error:
        raise BackupFailed(_said(error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


async def _backup(settings: Settings, folder: Path) -> Done:
    from mesh.ports.open_blobs import open_blobs

    copied = copies.BlobCopies(await open_blobs(settings), folder, folder / BLOBS)
    await copied.bring_up_to_date()
    kind, file, schema, rows = await asyncio.to_thread(_copy_database, settings, folder)
    await copied.bring_up_to_date()
    keys = _copy_keys(settings.data_dir / KEYS, folder / KEYS)
    files = [manifests.described(path, folder) for path in (folder / file, *keys)]
    manifest = Manifest(
        version=metadata.version("mootion"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        database=kind,
        database_file=file,
        schema=schema,
        rows=rows,
        files=(*files, *sorted(copied.files.values(), key=lambda each: each.path)),
    )
    manifests.write(manifest, folder)
    return Done.of(manifest)


def _copy_database(settings: Settings, folder: Path) -> tuple[str, str, str, Mapping[str, int]]:
    if is_embedded(settings):
        from mesh.backups import sqlite

        source = database_path(settings)
        if not source.exists():
            raise BackupFailed(
                f"There is no database in {source.parent}. Set MOOTION_DATA_DIR or DATABASE_URL."
            )
        rows = sqlite.snapshot(source, folder / sqlite.FILE)
        return "sqlite", sqlite.FILE, _schema(f"sqlite:///{folder / sqlite.FILE}"), rows
    from mesh.backups import postgres

    assert settings.database_url is not None
    try:
        rows = postgres.dump(settings.database_url, folder / postgres.FILE)
        return "postgresql", postgres.FILE, _schema(settings.database_url), rows
    except postgres.PostgresFailed as error:
        raise BackupFailed(str(error)) from error


def _schema(url: str) -> str:
    """The step a database is at."""
    from sqlalchemy import create_engine, make_url

    from mesh.migrations.version import version_of

    found = make_url(url)
    is_postgres = found.drivername.startswith("postgresql")
    engine = create_engine(found.set(drivername="postgresql+psycopg") if is_postgres else found)
    try:
        with engine.connect() as connection:
            return version_of(connection) or ""
    finally:
        engine.dispose()


def _copy_keys(source: Path, target: Path) -> list[Path]:
    """Copies the keys that tokens are signed with, for the owner's eyes only."""
    made = []
    for path in sorted(source.rglob("*")) if source.is_dir() else []:
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as written:
                written.write(path.read_bytes())
            made.append(copy)
    return made


def restore(settings: Settings, source: Path) -> Done:
    """Makes an empty system from a backup: nothing is changed unless the backup is whole and the system empty.

    Raises:
        BackupFailed: the backup is damaged or of a later version, or the system is not empty or cannot be written.
        AlreadyRunning: the system runs.
    """
    try:
        manifest = manifests.read(source)
        _refuse_newer(manifest)
        _refuse_other_database(settings, manifest)
        with lock.held(settings.data_dir):
            asyncio.run(_refuse_full(settings))
            manifests.check(manifest, source)
            asyncio.run(_restore(settings, manifest, source))
        return Done.of(manifest)
    except (BackupBroken, OSError) as error:
        raise BackupFailed(_said(error)) from error


def _refuse_newer(manifest: Manifest) -> None:
    from mesh.migrations.version import newest

    if manifest.schema > newest():
        raise BackupFailed(
            f"The backup was made by version {manifest.version} with the schema at step {manifest.schema}, and this"
            f" program knows steps up to {newest()}. Restore it with that version or a later one."
        )


def _refuse_other_database(settings: Settings, manifest: Manifest) -> None:
    wanted = "sqlite" if is_embedded(settings) else "postgresql"
    if manifest.database != wanted:
        way = "Unset DATABASE_URL." if wanted == "postgresql" else "Set DATABASE_URL=postgresql://..."
        raise BackupFailed(f"The backup is of a {manifest.database} database, the system has {wanted}. {way}")


async def _refuse_full(settings: Settings) -> None:
    from mesh.ports.open_blobs import open_blobs

    if is_embedded(settings):
        if database_path(settings).exists():
            raise _not_empty(f"{database_path(settings)} is there already")
    else:
        from mesh.backups import postgres

        assert settings.database_url is not None
        try:
            postgres.refuse_tables(settings.database_url)
        except postgres.PostgresFailed as error:
            raise BackupFailed(str(error)) from error
    async for key in (await open_blobs(settings)).list(""):
        raise _not_empty(f"the blob {key} is there already")
    for folder in (settings.data_dir / KEYS, settings.index_dir):
        if folder.is_dir() and any(_entries(folder)):
            raise _not_empty(f"{folder} is not empty")


def _not_empty(what: str) -> BackupFailed:
    return BackupFailed(
        f"A backup is restored into an empty system only, and {what}. Move it away, then repeat."
    )


async def _restore(settings: Settings, manifest: Manifest, source: Path) -> None:
    """The database comes last: with it the system is there, without it nothing of it is used."""
    aside = settings.data_dir / RESTORING
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    try:
        await _restore_blobs(settings, manifest, source, aside)
        if _copy_keys(source / KEYS, aside / KEYS):
            with suppress(FileNotFoundError):
                (settings.data_dir / KEYS).rmdir()
            (aside / KEYS).rename(settings.data_dir / KEYS)
        rows = await asyncio.to_thread(_restore_database, settings, manifest, source, aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    if dict(rows) != dict(manifest.rows):
        raise BackupFailed(
            "The restored database has other counts of rows than the backup; take another copy of it."
        )


async def _restore_blobs(settings: Settings, manifest: Manifest, source: Path, aside: Path) -> None:
    """Into the store that BLOB_URL names, or aside and then renamed where it is the folder of the data folder."""
    from mesh.ports.blobs_disk import DiskBlobs
    from mesh.ports.open_blobs import open_blobs

    if settings.blob_url is not None:
        await copies.put_back(await open_blobs(settings), manifest.blobs(), source)
        return
    await copies.put_back(DiskBlobs(aside / BLOBS), manifest.blobs(), source)
    shutil.rmtree(settings.blob_dir, ignore_errors=True)
    (aside / BLOBS).rename(settings.blob_dir)


def _restore_database(settings: Settings, manifest: Manifest, source: Path, aside: Path) -> Mapping[str, int]:
    stored = source / manifest.database_file
    if is_embedded(settings):
        from mesh.backups import sqlite

        copy = aside / sqlite.FILE
        copies.copy_file(stored, copy)
        rows = sqlite.rows_of(copy)
        target = database_path(settings)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy.rename(target)
        return rows
    from mesh.backups import postgres

    assert settings.database_url is not None
    try:
        return postgres.restore(settings.database_url, stored)
    except postgres.PostgresFailed as error:
        raise BackupFailed(str(error)) from error


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else f"{error.strerror}."
    return str(error)
