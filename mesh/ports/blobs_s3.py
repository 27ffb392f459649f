"""Blobs in a bucket of S3, or of a store that speaks its protocol, by obstore."""

import asyncio
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from io import FileIO
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING

from obstore import sign_async
from obstore.store import S3Store

from mesh.ports.blob_keys import InvalidBlobKey, checked_key
from mesh.ports.blobs import CHUNK, BlobInfo, BlobNotFound, StoredBlob
from mesh.ports.failures import typed_storage_errors
from mesh.ports.passing import Passing
from mesh.ports.s3_failures import BeyondTheEnd, storing, typed_s3_errors
from mesh.ports.threads import run_to_end

if TYPE_CHECKING:
    from obstore import ObjectMeta

# What is smaller is put by one request; the rest goes in parts of this size, so many at the same time.
PART = 8 << 20
PARTS_AT_ONCE = 3
# A stream asks for one such range after another, so that no connection waits for a slow reader.
RANGE = 4 << 20
KEYS_AT_ONCE = 1000


class S3Blobs:
    """A blob `uploads/1` is the object `uploads/1` below the prefix of the store; there whole or not at all.

    A process killed while it uploads leaves parts that no one sees: give the bucket a rule that ends incomplete
    multipart uploads.

    Args:
        store: bucket and prefix.
        public: the same as callers from outside reach it, for signed URLs.
    """

    def __init__(self, store: S3Store, public: S3Store) -> None:
        self._store, self._public = store, public

    async def check(self) -> None:
        """Lists one key. Raises StorageUnavailable where the bucket is missing or does not answer."""
        await self._starts_any("")

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> BlobInfo:
        """See `Blobs.put`. A blob of the same key is replaced at once."""
        await self._refuse_continued(checked_key(key))
        passing = Passing(chunks)
        with storing(f"blob {key!r}"):
            first = await passing.first(PART)
            content = first if passing.ended else passing.rest(first)
            upload = asyncio.ensure_future(self._upload(key, content))
            await _finished(upload, passing)
        return BlobInfo(key, passing.size, passing.digest.hexdigest())

    async def put_file(self, key: str, path: Path) -> BlobInfo:
        """See `Blobs.put_file`."""
        return await self.put(key, _chunks_of(path))

    async def size(self, key: str) -> int:
        """See `Blobs.size`."""
        with typed_s3_errors(key):
            return (await self._store.head_async(checked_key(key)))["size"]

    async def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """See `Blobs.read`."""
        checked_key(key)
        if length == 0:
            await self.size(key)
            return b""
        try:
            with typed_s3_errors(key):
                return await self._range(key, offset, length)
        except BeyondTheEnd:
            return b""

    async def stream(self, key: str, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """See `Blobs.stream`."""
        at, end = offset, None if length is None else offset + length
        while True:
            wanted = RANGE if end is None else min(RANGE, end - at)
            piece = await self.read(key, at, wanted)
            for start in range(0, len(piece), CHUNK):
                yield piece[start : start + CHUNK]
            at += len(piece)
            if len(piece) < wanted or at == end:
                return

    @asynccontextmanager
    async def local_file(self, key: str) -> AsyncIterator[Path]:
        """See `Blobs.local_file`. It is a temporary copy."""
        with tempfile.NamedTemporaryFile(buffering=0) as file:
            async for chunk in self.stream(key):
                with typed_storage_errors(f"local copy of blob {key!r}"):
                    await run_to_end(partial(file.write, chunk))
            yield Path(file.name)

    async def signed_url(self, key: str, seconds: float) -> str | None:
        """See `Blobs.signed_url`."""
        with typed_s3_errors(key):
            return await sign_async(self._public, "GET", checked_key(key), timedelta(seconds=seconds))

    async def exists(self, key: str) -> bool:
        """See `Blobs.exists`."""
        checked_key(key)
        with suppress(FileNotFoundError), typed_s3_errors(key, missing=FileNotFoundError):
            await self._store.head_async(key)
            return True
        return False

    async def delete(self, key: str) -> None:
        """See `Blobs.delete`."""
        await self._delete([checked_key(key)])

    async def delete_prefix(self, prefix: str) -> None:
        """See `Blobs.delete_prefix`. A thousand keys a request."""
        async for found in self._lists(prefix):
            await self._delete([blob.key for blob in found])

    async def list(self, prefix: str) -> AsyncIterator[str]:
        """See `Blobs.list`. Keys come in the order of the store, which is sorted on S3."""
        async for found in self.stored(prefix):
            yield found.key

    async def stored(self, prefix: str) -> AsyncIterator[StoredBlob]:
        """See `Blobs.stored`."""
        async for page in self._lists(prefix):
            for found in page:
                yield found

    async def _upload(self, key: str, content: bytes | AsyncIterator[bytes]) -> None:
        kind, _ = guess_type(key)
        await self._store.put_async(
            key,
            content,
            attributes={"Content-Type": kind or "application/octet-stream"},
            use_multipart=not isinstance(content, bytes),
            chunk_size=PART,
            max_concurrency=PARTS_AT_ONCE,
        )

    async def _range(self, key: str, offset: int, length: int | None) -> bytes:
        if length is not None:
            return bytes(await self._store.get_range_async(key, start=offset, length=length))
        whole = await self._store.get_async(key, options={"range": {"offset": offset}} if offset else {})
        return bytes(await whole.bytes_async())

    async def _delete(self, keys: Sequence[str]) -> None:
        if keys:
            with typed_s3_errors(keys[0], missing=None):
                await self._store.delete_async(keys)

    async def _lists(self, prefix: str) -> AsyncIterator[Sequence[StoredBlob]]:
        """What is stored under keys that start with the prefix, up to a thousand at a time.

        The store lists by whole parts of keys. What the last, incomplete part starts is found by beginning there and
        ending at the first key that starts otherwise.
        """
        folder, _, rest = prefix.rpartition("/")
        if rest and await self._is_key(prefix):
            with suppress(BlobNotFound), typed_s3_errors(prefix):
                yield [_stored(await self._store.head_async(prefix))]
        stream = self._store.list(folder or None, offset=prefix if rest else None, chunk_size=KEYS_AT_ONCE)
        with typed_s3_errors(prefix, missing=None):
            async for objects in stream:
                found = [_stored(each) for each in objects]
                matching = [each for each in found if each.key.startswith(prefix)]
                yield matching
                if len(matching) < len(found):
                    return

    async def _is_key(self, key: str) -> bool:
        try:
            return await self.exists(key)
        except InvalidBlobKey:
            return False

    async def _starts_any(self, prefix: str) -> bool:
        with typed_s3_errors(prefix, missing=None):
            async for objects in self._store.list(prefix.rstrip("/") or None, chunk_size=1):
                return bool(objects)
        return False

    async def _refuse_continued(self, key: str) -> None:
        """Blobs are files elsewhere: no key may be a folder of another."""
        parts = key.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        found = await asyncio.gather(self._starts_any(f"{key}/"), *map(self.exists, above))
        if any(found):
            raise InvalidBlobKey(f"blob key {key!r} continues another, or another continues it")


def _stored(found: "ObjectMeta") -> StoredBlob:
    return StoredBlob(found["path"], found["size"], found["last_modified"].timestamp())


async def _finished(upload: asyncio.Future[None], passing: Passing) -> None:
    """Waits for an upload. A cancelled caller breaks it off as a failed source does, so that its parts are removed."""
    try:
        await asyncio.shield(upload)
    except asyncio.CancelledError:
        passing.break_off()
        await asyncio.wait([upload])
        upload.exception()
        raise


async def _chunks_of(path: Path) -> AsyncIterator[bytes]:
    with await run_to_end(partial(FileIO, path)) as file:
        while chunk := await run_to_end(partial(file.read, CHUNK)):
            yield chunk
