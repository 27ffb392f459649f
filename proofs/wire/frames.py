"""Calls by gRPC-web, frame by frame: for proofs that must not need Node.js."""

import asyncio
import struct
from collections.abc import Iterator
from urllib.parse import unquote

import grpc
import httpx2

from mesh.status import CODES
from proofs.callers.endings import Ending, of_trailers
from proofs.wire.call import Heard, WireCall, same_bytes

_FRAME = struct.Struct(">BI")
_TRAILERS = 0x80


class WebFrames:
    """The path of pages, for methods that take one request.

    Args:
        url: of the edge.
    """

    name = "grpc-web"

    def __init__(self, url: str) -> None:
        self._client = httpx2.AsyncClient(base_url=url, timeout=120)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def call(self, call: WireCall) -> Heard | None:
        """See WirePath. A caller that gives up closes its connection."""
        headers = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1", **call.headers}
        if call.seconds is not None:
            headers["grpc-timeout"] = f"{round(1000 * call.seconds)}m"
        body = call.request.SerializeToString()
        try:
            async with asyncio.timeout(call.cancel_after):
                answer = await self._client.post(
                    call.rpc_path, content=_FRAME.pack(0, len(body)) + body, headers=headers
                )
        except TimeoutError:
            return Heard(Ending(grpc.StatusCode.CANCELLED.name), {})
        said = dict(answer.headers)
        trailers: dict[str, str] = {}
        replies = []
        for flags, part in _frames(answer.content):
            if flags & _TRAILERS:
                trailers |= _lines(part)
            else:
                replies.append(same_bytes(call.method, part))
        told = {**said, **trailers}
        code = CODES[int(told.get("grpc-status", grpc.StatusCode.UNKNOWN.value[0]))]
        ending = of_trailers(code, unquote(told.get("grpc-message", "")), told, replies)
        return Heard(ending, said, trailers)


def _frames(content: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start < len(content):
        flags, length = _FRAME.unpack_from(content, start)
        start += _FRAME.size + length
        yield flags, content[start - length : start]


def _lines(part: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in part.decode().splitlines() if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
