"""Blobs on their way into a backup and back."""

import asyncio
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mesh.backups.manifest import StoredFile, described
from mesh.ports.blobs import CHUNK, BlobNotFound, Blobs, StoredBlob
from mesh.ports.threads import run_to_end

AT_ONCE = 4


@dataclass
class BlobCopies:
    """Copies of blobs below a folder of the backup.

    `bring_up_to_date` is called before the database is copied, for most of them, and after it, for what came
    since. So a blob that a row of the copy names is missing only if it was deleted between the copy of the
    database and the end of the second call, by a deletion later than the backup.
    """

    blobs: Blobs
    root: Path
    folder: Path
    files: dict[str, StoredFile] = field(default_factory=dict)
    _seen: dict[str, StoredBlob] = field(default_factory=dict)

    async def bring_up_to_date(self) -> None:
        """Copies what was put since the last call, and forgets what was deleted."""
        there = {found.key: found async for found in self.blobs.stored("")}
        for key in set(self._seen) - set(there):
            self._forget(key)
        fresh = [found for key, found in there.items() if self._seen.get(key) != found]
        waiting = iter(fresh)
        await asyncio.gather(*(self._copy_each(waiting) for _ in range(AT_ONCE)))

    async def _copy_each(self, waiting: Iterable[StoredBlob]) -> None:
        for found in waiting:
            target = self.folder / found.key
            try:
                await self._copy(found.key, target)
            except BlobNotFound:
                self._forget(found.key)
                continue
            self._seen[found.key] = found
            self.files[found.key] = await run_to_end(partial(described, target, self.root))

    async def _copy(self, key: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        async with self.blobs.local_file(key) as source:
            await run_to_end(partial(copy_file, source, target))

    def _forget(self, key: str) -> None:
        self._seen.pop(key, None)
        self.files.pop(key, None)
        (self.folder / key).unlink(missing_ok=True)


async def put_back(blobs: Blobs, files: Iterable[tuple[str, StoredFile]], root: Path) -> int:
    """Puts blobs of a backup into a store; tells how many."""
    count = 0
    for key, file in files:
        await blobs.put_file(key, root / file.path)
        count += 1
    return count


def copy_file(source: Path, target: Path) -> None:
    """Copies bytes to the disk."""
    try:
        with open(source, "rb") as read, open(target, "wb") as written:
            shutil.copyfileobj(read, written, CHUNK)
            written.flush()
            os.fsync(written.fileno())
    except FileNotFoundError:
        raise BlobNotFound(target.name) from None
