"""Blobs as files below one folder.

Plain files on a thread rather than obstore: a row that is committed may name the blob, so its bytes have to
be on the disk before `put` returns (fsync of file and folder), and the SHA-256 is taken while the bytes pass
through.
"""

import fcntl
import hashlib
import os
import stat
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from mesh.ports import folders
from mesh.ports.blob_keys import InvalidBlobKey, checked_key
from mesh.ports.blobs import CHUNK, BlobInfo, BlobNotFound, StoredBlob
from mesh.ports.failures import typed_storage_errors
from mesh.ports.threads import run_to_end

INCOMING = ".incoming"


class Hash(Protocol):
    """What `hashlib.sha256()` gives."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class DiskBlobs:
    """A blob `uploads/1` is the file `uploads/1`, written aside and renamed.

    A process killed while it writes leaves its file in `.incoming`; opening the store removes such files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / INCOMING
        self._incoming.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(self._incoming)

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> BlobInfo:
        """See `Blobs.put`. A blob of the same key is replaced at once.

        Raises:
            StorageFull: no room is left.
            InvalidBlobKey: the key, or the folder it would lie in, is not possible.
        """
        target = self._path(key)
        with self._writing(key) as file:
            digest = hashlib.sha256()
            async for piece in _gathered(chunks):
                await run_to_end(partial(_append, file, digest, piece))
            size = file.tell()
            await run_to_end(partial(self._keep, file, target))
        return BlobInfo(key, size, digest.hexdigest())

    async def put_file(self, key: str, path: Path) -> BlobInfo:
        """See `Blobs.put_file`."""
        target = self._path(key)
        return await run_to_end(partial(self._copy, key, path, target))

    async def size(self, key: str) -> int:
        """See `Blobs.size`."""
        with _found(key):
            found = os.stat(self._path(key))
        if not stat.S_ISREG(found.st_mode):
            raise BlobNotFound(key)
        return found.st_size

    async def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """See `Blobs.read`."""
        path = self._path(key)
        with _found(key):
            return await run_to_end(partial(_read, path, offset, length))

    async def stream(self, key: str, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """See `Blobs.stream`."""
        path = self._path(key)
        with _found(key):
            file = await run_to_end(partial(_open_at, path, offset))
        with file:
            left = length
            while left is None or left > 0:
                chunk = await run_to_end(partial(file.read, CHUNK if left is None else min(CHUNK, left)))
                if not chunk:
                    return
                left = None if left is None else left - len(chunk)
                yield chunk

    @asynccontextmanager
    async def local_file(self, key: str) -> AsyncIterator[Path]:
        """See `Blobs.local_file`. It is the stored file itself: do not write to it."""
        path = self._path(key)
        if not path.is_file():
            raise BlobNotFound(key)
        yield path

    async def signed_url(self, key: str, seconds: float) -> str | None:
        """See `Blobs.signed_url`. None."""
        checked_key(key)
        return None

    async def exists(self, key: str) -> bool:
        """See `Blobs.exists`."""
        return self._path(key).is_file()

    async def delete(self, key: str) -> None:
        """See `Blobs.delete`."""
        await run_to_end(partial(folders.remove, self._path(key), self._folder))

    async def delete_prefix(self, prefix: str) -> None:
        """See `Blobs.delete_prefix`."""
        async for key in self.list(prefix):
            await self.delete(key)

    async def list(self, prefix: str) -> AsyncIterator[str]:
        """See `Blobs.list`. Keys come sorted."""
        for key in await run_to_end(partial(self._keys, prefix)):
            yield key

    async def stored(self, prefix: str) -> AsyncIterator[StoredBlob]:
        """See `Blobs.stored`. What is deleted meanwhile may be left out."""
        for found in await run_to_end(partial(self._stored, prefix)):
            yield found

    def _path(self, key: str) -> Path:
        return self._folder / checked_key(key)

    @contextmanager
    def _writing(self, key: str) -> Iterator[FileIO]:
        """A new file in `.incoming`, locked while it is written, gone afterwards unless it was renamed."""
        with typed_storage_errors(f"blob {key!r}"), _new_locked(self._incoming) as file:
            try:
                yield file
            finally:
                Path(str(file.name)).unlink(missing_ok=True)

    def _copy(self, key: str, source: Path, target: Path) -> BlobInfo:
        digest = hashlib.sha256()
        with open(source, "rb", buffering=0) as original, self._writing(key) as file:
            while chunk := original.read(CHUNK):
                _append(file, digest, chunk)
            size = file.tell()
            self._keep(file, target)
        return BlobInfo(key, size, digest.hexdigest())

    def _keep(self, file: FileIO, target: Path) -> None:
        os.fsync(file.fileno())
        try:
            folders.move_into_place(Path(str(file.name)), target, self._folder)
        except folders.NotAFolder as error:
            raise InvalidBlobKey(
                f"blob key {str(error)!r} continues another, or another continues it"
            ) from None

    def _stored(self, prefix: str) -> Sequence[StoredBlob]:
        found = []
        for key in self._keys(prefix):
            with suppress(FileNotFoundError, NotADirectoryError):
                facts = os.stat(self._folder / key)
                found.append(StoredBlob(key, facts.st_size, facts.st_mtime))
        return found

    def _keys(self, prefix: str) -> Sequence[str]:
        start = self._folder / prefix.rpartition("/")[0]
        keys = []
        for folder, inner, files in os.walk(start):
            inner[:] = [name for name in inner if not name.startswith(".")]
            relative = Path(folder).relative_to(self._folder)
            keys += [(relative / name).as_posix() for name in files]
        return sorted(key for key in keys if key.startswith(prefix))


def _append(file: FileIO, digest: Hash, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]
    digest.update(piece)


async def _gathered(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Joins small chunks to pieces of 1 MiB or more, so that fewer go to the thread."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        if len(buffer) >= CHUNK:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)


def _open_at(path: Path, offset: int) -> FileIO:
    file = FileIO(path)
    file.seek(offset)
    return file


def _read(path: Path, offset: int, length: int | None) -> bytes:
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(-1 if length is None else length)


@contextmanager
def _found(key: str) -> Iterator[None]:
    try:
        with typed_storage_errors(f"blob {key!r}"):
            yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise BlobNotFound(key) from None


def _new_locked(folder: Path) -> FileIO:
    """An empty file that no other process takes for abandoned. One may have, between the making and the locking:
    then the file is no longer where it was made, and another is made."""
    while True:
        file = FileIO(folder / uuid4().hex, "x")
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _remove_abandoned(folder: Path) -> None:
    """Removes files that no living process holds locked."""
    for path in folder.iterdir():
        try:
            with open(path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except (BlockingIOError, FileNotFoundError):
            continue
