"""What goes through the pipes between a server and its process for language analysis.

A message is its length in four bytes, one byte of kind, then bytes. Asked: kind is the length of the task's name, which
leads the request. Answered: kind is an Outcome.
"""

import asyncio
import enum
import struct
from typing import BinaryIO

_HEAD = struct.Struct(">IB")


class Outcome(enum.IntEnum):
    """How a task ended: with a reply, with the text teaching too little, or with a fault described as JSON."""

    DONE = 0
    TOO_LITTLE_CONTENT = 1
    FAULT = 2


def asked(task: str, request: bytes) -> bytes:
    """A task to do."""
    name = task.encode()
    return _HEAD.pack(len(name) + len(request), len(name)) + name + request


def answered(outcome: Outcome, body: bytes) -> bytes:
    """How it ended."""
    return _HEAD.pack(len(body), outcome) + body


def read_asked(pipe: BinaryIO) -> tuple[str, bytes] | None:
    """The next task, or None when the other side is gone."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, name_length = _HEAD.unpack(head)
    body = pipe.read(length)
    if len(body) < length:
        return None
    return body[:name_length].decode(), body[name_length:]


async def read_answered(pipe: asyncio.StreamReader) -> tuple[Outcome, bytes]:
    """The next reply.

    Raises:
        asyncio.IncompleteReadError: the process ended.
    """
    length, outcome = _HEAD.unpack(await pipe.readexactly(_HEAD.size))
    return Outcome(outcome), await pipe.readexactly(length)
