"""What a backup holds: written last, checked first."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mesh.ports.blob_keys import InvalidBlobKey, checked_key
from mesh.ports.blobs import CHUNK

FORMAT = 1
NAME = "manifest.json"
BLOBS, KEYS = "blobs", "keys"


class BackupBroken(Exception):
    """The folder holds no whole backup that this program can read; the message says what is wrong."""


@dataclass(frozen=True)
class StoredFile:
    """A file of the backup: its path within, with `/` between parts; bytes; SHA-256 in hexadecimal."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Which version made the backup and when, of which database at which step, with how many rows and which files.

    `database` is `sqlite` or `postgresql`; `created` is in RFC 3339; `rows` counts rows by table.
    """

    version: str
    created: str
    database: str
    database_file: str
    schema: str
    rows: Mapping[str, int]
    files: tuple[StoredFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def blobs(self) -> Iterator[tuple[str, StoredFile]]:
        """Key and file of every blob."""
        for file in self.files:
            if file.path.startswith(f"{BLOBS}/"):
                yield file.path.removeprefix(f"{BLOBS}/"), file


def write(manifest: Manifest, folder: Path) -> None:
    """Writes the manifest into a backup."""
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1)
    (folder / NAME).write_text(text, encoding="utf-8")


def read(folder: Path) -> Manifest:
    """Reads the manifest of a backup.

    Raises:
        BackupBroken: there is none, or a later version wrote it, or it is damaged.
    """
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise BackupBroken(
                f"The backup is of format {found['format']}, and this program reads format {FORMAT}."
                " Restore it with the version of Mootion that made it, or a later one."
            )
        return _manifest(found)
    except FileNotFoundError:
        raise BackupBroken(f"There is no {NAME}: this is no backup, or it was broken off.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BackupBroken(f"{NAME} is damaged; take another copy of the backup.") from error


def _manifest(found: Mapping[str, Any]) -> Manifest:
    files = tuple(StoredFile(**file) for file in found["files"])
    for file in files:
        checked_key(file.path)
    fields = {name: found[name] for name in ("version", "created", "database", "database_file", "schema")}
    return Manifest(**fields, rows=dict(found["rows"]), files=files)


def check(manifest: Manifest, folder: Path) -> None:
    """Compares every file with the manifest.

    Raises:
        BackupBroken: one is missing, or not as it was written.
    """
    for file in manifest.files:
        try:
            whole = digest_of(folder / file.path)
        except (FileNotFoundError, InvalidBlobKey):
            raise BackupBroken(f"{file.path} is missing; take another copy of the backup.") from None
        if whole != file.sha256:
            raise BackupBroken(f"{file.path} is not as it was written; take another copy of the backup.")


def digest_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def described(path: Path, folder: Path) -> StoredFile:
    """A file of the backup as the manifest names it."""
    return StoredFile(path.relative_to(folder).as_posix(), path.stat().st_size, digest_of(path))
