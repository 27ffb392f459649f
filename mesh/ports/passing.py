"""Chunks on their way into a store: counted, hashed and gathered while they pass."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from functools import partial

from mesh.ports.blobs import CHUNK
from mesh.ports.threads import run_to_end


class BrokenOff(Exception):
    """The upload was given up."""


class SourceFailed(Exception):
    """The chunks ended with an exception, which is the cause."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(type(cause).__name__)
        self.cause = cause


class Passing:
    """Gives the chunks of a source on in pieces of 1 MiB or more.

    `size` and `digest` tell of what has passed so far; `ended` whether that was all.
    """

    def __init__(self, source: AsyncIterable[bytes]) -> None:
        self._pieces = self._gathered(source)
        self._broken_off = False
        self.size = 0
        self.digest = hashlib.sha256()
        self.ended = False

    async def first(self, most: int) -> bytes:
        """All of it, or as much as `most` bytes and a little."""
        kept = bytearray()
        async for piece in self._pieces:
            kept += piece
            if len(kept) >= most:
                break
        return bytes(kept)

    async def rest(self, first: bytes) -> AsyncIterator[bytes]:
        """What `first` gave, and then all that was left."""
        yield first
        async for piece in self._pieces:
            if self._broken_off:
                raise BrokenOff
            yield piece
        if self._broken_off:
            raise BrokenOff

    def break_off(self) -> None:
        """Ends what `rest` gives with BrokenOff."""
        self._broken_off = True

    async def _gathered(self, source: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        buffer = bytearray()
        async for chunk in _with_failures_marked(source):
            buffer += chunk
            if len(buffer) >= CHUNK:
                yield await self._count(bytes(buffer))
                buffer.clear()
        self.ended = True
        if buffer:
            yield await self._count(bytes(buffer))

    async def _count(self, piece: bytes) -> bytes:
        await run_to_end(partial(self.digest.update, piece))
        self.size += len(piece)
        return piece


async def _with_failures_marked(source: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    try:
        async for chunk in source:
            yield chunk
    except Exception as error:
        raise SourceFailed(error) from error
