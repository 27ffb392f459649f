"""Many HTTP calls at the same time, each on a connection of its own."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proofs.callers.endings import Ending, NotAStatus, of_rest_error

ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Call:
    """One call by REST."""

    verb: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 where nothing did. `ending` is what an error says."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ending(self) -> Ending:
        """Raises NotAStatus."""
        return of_rest_error(self.headers.get("content-type", ""), self.json())

    def json(self) -> Any:
        """The body, read; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


async def at_once(port: int, calls: Sequence[Call]) -> list[Answer]:
    """All calls in parallel, from loopback; the answers in their order."""
    return await asyncio.gather(*(ask(port, call) for call in calls))


async def ask(port: int, call: Call) -> Answer:
    """One call. Its connection is closed after it."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(_written(call, port))
                return _read(await _received(reader))
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return Answer(0, {}, b"")


async def _received(reader: asyncio.StreamReader) -> bytes:
    """All that comes. Who refuses a request before it was sent whole may break the connection off after the answer."""
    whole = b""
    try:
        while part := await reader.read(65_536):
            whole += part
    except ConnectionError:
        if not whole:
            raise
    return whole


def summed(answers: Sequence[Answer]) -> Counter[str]:
    """How often each status came, with the reason of errors."""
    return Counter(_told(answer) for answer in answers)


def _told(answer: Answer) -> str:
    if answer.status < 400:
        return str(answer.status)
    try:
        return f"{answer.status} {answer.ending.reason}"
    except NotAStatus as wrong:
        return f"{answer.status} {wrong}"


def _written(call: Call, port: int) -> bytes:
    headers = {"host": f"localhost:{port}", "connection": "close", **call.headers}
    if call.body:
        headers = {"content-type": "application/json", "content-length": str(len(call.body)), **headers}
    lines = [f"{call.verb} {call.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + call.body


def _read(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    if not head:
        return Answer(0, {}, b"")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    return Answer(int(status.split()[1]), headers, body)


def _unchunked(raw: bytes) -> bytes:
    whole = b""
    while raw:
        size, _, rest = raw.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        whole, raw = whole + rest[:length], rest[length + 2 :]
    return whole
