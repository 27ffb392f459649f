"""Messages on the pipe between a reading child and its parent: four bytes of length, then JSON.

JSON and not pickle, because a child that met a hostile file is not to be believed.
"""

import json
import struct
from collections.abc import Iterator
from typing import Any

# Kinds of messages.
PROGRESS, FACTS, OUTLINE, PASSAGES = "progress", "facts", "outline", "passages"
RECOGNISE, FAILURE, DONE = "recognise", "failure", "done"

_LENGTH = struct.Struct(">I")
MOST_FRAME = 8 << 20  # bytes


def encode(kind: str, body: object) -> bytes:
    """The bytes of one message."""
    data = json.dumps([kind, body], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return _LENGTH.pack(len(data)) + data


class FrameReader:
    """Takes bytes as they come and gives whole messages. Raises ValueError when they are no messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[str, Any]]:
        """The messages that are complete with this data: kind and body."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MOST_FRAME:
                raise ValueError(f"message of {length} bytes, at most {MOST_FRAME} are allowed")
            if len(self._buffer) < _LENGTH.size + length:
                return
            kind, body = json.loads(self._buffer[_LENGTH.size : _LENGTH.size + length])
            del self._buffer[: _LENGTH.size + length]
            yield kind, body
