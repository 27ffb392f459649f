"""Bytes too large for a row: uploads, rendered scenes, videos."""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHUNK = 1 << 20


@dataclass(frozen=True)
class BlobInfo:
    """Facts about a stored blob: size in bytes and SHA-256 in lower-case hexadecimal."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class StoredBlob:
    """A blob as a listing shows it: size in bytes, and when it was put, in seconds since 1970 by the store's clock."""

    key: str
    size: int
    modified: float


class BlobNotFound(Exception):
    """There is no blob with that key."""


class Blobs(Protocol):
    """A store of immutable blobs by key, such as `uploads/<id>`; a blob is there whole or not at all.

    Keys are parts joined by `/` (`blob_keys.checked_key`). No key may continue another, such as `a` and
    `a/b`.
    """

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> BlobInfo:
        """Stores the chunks. If they end with an exception, nothing is stored and the exception goes on.

        Raises:
            StorageFull: no room is left; nothing of it was kept.
            InvalidBlobKey: the key is not possible.
            OSError: the store does not answer.
        """
        ...

    async def put_file(self, key: str, path: Path) -> BlobInfo:
        """Stores a copy of a file."""
        ...

    async def size(self, key: str) -> int:
        """Size in bytes. Raises BlobNotFound."""
        ...

    async def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """Reads a range into memory. Raises BlobNotFound."""
        ...

    def stream(self, key: str, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Reads a range in chunks of at most 1 MiB. Raises BlobNotFound before the first."""
        ...

    def local_file(self, key: str) -> AbstractAsyncContextManager[Path]:
        """Gives a file with the blob's bytes to read while the block lasts: the stored one or a copy."""
        ...

    async def signed_url(self, key: str, seconds: float) -> str | None:
        """A URL that gives the bytes to whoever has it, for so long; None where the store gives out none.

        Whether the blob is there is not looked at. Ranges can be asked for.
        """
        ...

    async def exists(self, key: str) -> bool:
        """Whether the blob is there."""
        ...

    async def delete(self, key: str) -> None:
        """Removes a blob; one that is not there is no error."""
        ...

    async def delete_prefix(self, prefix: str) -> None:
        """Removes every blob whose key starts with the prefix."""
        ...

    def list(self, prefix: str) -> AsyncIterator[str]:
        """Keys that start with the prefix."""
        ...

    def stored(self, prefix: str) -> AsyncIterator[StoredBlob]:
        """What is stored under keys that start with the prefix."""
        ...
