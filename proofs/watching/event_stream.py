"""A reader of event streams of the edge that cuts its connection, as networks do."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

SECONDS = 30.0
_RESET = struct.pack("ii", 1, 0)

Event = dict[str, Any]


@contextmanager
def opened(port: int, path: str, *, reset: bool = False) -> Iterator[HTTPResponse]:
    """An event stream; at the end of the block its connection is gone, with `reset` by RST instead of FIN."""
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        assert connection.sock is not None
        if reset:
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        reply = connection.getresponse()
        if reply.status != 200:
            raise RuntimeError(f"{path} answered {reply.status}: {reply.read(500)!r}")
        yield reply
        reply.close()
    finally:
        connection.close()


def events(reply: HTTPResponse) -> Iterator[Event]:
    """The messages of a stream as they arrive, until it ends."""
    while line := reply.readline():
        if line.startswith(b"data:"):
            yield json.loads(line.removeprefix(b"data:"))


def first_event(port: int, path: str, *, reset: bool = False) -> Event | None:
    """The first message of a stream, which is cut then; None where it ended without one."""
    with opened(port, path, reset=reset) as reply:
        return next(events(reply), None)
