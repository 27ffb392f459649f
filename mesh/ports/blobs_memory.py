"""Blobs in memory, for unit tests."""

import hashlib
import tempfile
import time
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mesh.ports.blob_keys import InvalidBlobKey, checked_key
from mesh.ports.blobs import CHUNK, BlobInfo, BlobNotFound, StoredBlob
from mesh.ports.threads import run_to_end


class InMemoryBlobs:
    """Keeps blobs in a dictionary."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}
        self._modified: dict[str, float] = {}

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> BlobInfo:
        """See `Blobs.put`."""
        self._check(key)
        return self._keep(key, b"".join([chunk async for chunk in chunks]))

    async def put_file(self, key: str, path: Path) -> BlobInfo:
        """See `Blobs.put_file`."""
        self._check(key)
        return self._keep(key, await run_to_end(path.read_bytes))

    async def size(self, key: str) -> int:
        """See `Blobs.size`."""
        return len(self._found(key))

    async def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """See `Blobs.read`."""
        return self._found(key)[offset : None if length is None else offset + length]

    async def stream(self, key: str, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """See `Blobs.stream`."""
        wanted = await self.read(key, offset, length)
        for start in range(0, len(wanted), CHUNK):
            yield wanted[start : start + CHUNK]

    @asynccontextmanager
    async def local_file(self, key: str) -> AsyncIterator[Path]:
        """See `Blobs.local_file`. It is a temporary copy."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(self._found(key))
            file.flush()
            yield Path(file.name)

    async def signed_url(self, key: str, seconds: float) -> str | None:
        """See `Blobs.signed_url`. None."""
        checked_key(key)
        return None

    async def exists(self, key: str) -> bool:
        """See `Blobs.exists`."""
        return checked_key(key) in self._blobs

    async def delete(self, key: str) -> None:
        """See `Blobs.delete`."""
        self._blobs.pop(checked_key(key), None)

    async def delete_prefix(self, prefix: str) -> None:
        """See `Blobs.delete_prefix`."""
        for key in [key for key in self._blobs if key.startswith(prefix)]:
            del self._blobs[key]

    async def list(self, prefix: str) -> AsyncIterator[str]:
        """See `Blobs.list`."""
        for key in sorted(self._blobs):
            if key.startswith(prefix):
                yield key

    async def stored(self, prefix: str) -> AsyncIterator[StoredBlob]:
        """See `Blobs.stored`."""
        async for key in self.list(prefix):
            yield StoredBlob(key, len(self._blobs[key]), self._modified[key])

    def _check(self, key: str) -> None:
        for other in self._blobs:
            if other.startswith(f"{checked_key(key)}/") or key.startswith(f"{other}/"):
                raise InvalidBlobKey(f"blob key {key!r} continues {other!r} or is continued by it")

    def _keep(self, key: str, content: bytes) -> BlobInfo:
        self._blobs[checked_key(key)] = content
        self._modified[key] = time.time()
        return BlobInfo(key, len(content), hashlib.sha256(content).hexdigest())

    def _found(self, key: str) -> bytes:
        found = self._blobs.get(checked_key(key))
        if found is None:
            raise BlobNotFound(key)
        return found
