"""A TCP proxy on loopback that does to connections what networks do: slows them, cuts them, swallows them."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

CHUNK = 65_536
LATENCY_SECONDS = 0.15
SLOW_BYTES, SLOW_SECONDS = 64, 0.02
_RESET = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """What happens to bytes on their way, in both directions."""

    NONE = "none"
    LATENCY = "latency"
    SLOW = "slow bytes"
    RESET = "reset"
    BLACK_HOLE = "black hole"


@dataclass
class FaultProxy:
    """Passes connections on to a backend.

    Args:
        host, backend_port: of the backend. accepted: connections of clients so far.
    """

    host: str
    backend_port: int
    fault: Fault = Fault.NONE
    port: int = 0
    accepted: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def set(self, fault: Fault) -> None:
        """From now on, for open connections and new ones; a reset ends those that are open."""
        self.fault = fault
        if fault is Fault.RESET:
            for writer in list(self._writers):
                _reset(writer)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client, until either side ends it."""
        self.accepted += 1
        if self.fault is Fault.RESET:
            _reset(writer)
            return
        try:
            back_reader, back_writer = await asyncio.open_connection(self.host, self.backend_port)
        except OSError:
            _reset(writer)
            return
        ends = {writer, back_writer}
        self._writers |= ends
        directions = [
            asyncio.create_task(self._pass_on(reader, back_writer)),
            asyncio.create_task(self._pass_on(back_reader, writer)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            self._writers -= ends
            for each in ends:
                each.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._write(writer, data)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        while self.fault is Fault.BLACK_HOLE:  # noqa: ASYNC110 - looked at for every chunk anyway
            await asyncio.sleep(0.05)
        if self.fault is Fault.LATENCY:
            await asyncio.sleep(LATENCY_SECONDS)
        while data:
            step = SLOW_BYTES if self.fault is Fault.SLOW else len(data)
            writer.write(data[:step])
            await writer.drain()
            data = data[step:]
            if self.fault is Fault.SLOW:
                await asyncio.sleep(SLOW_SECONDS)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection by RST."""
    connection: socket.socket | None = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


@asynccontextmanager
async def proxied(backend_port: int, host: str = "127.0.0.1") -> AsyncIterator[FaultProxy]:
    """A proxy before a backend of this machine, on a free port."""
    proxy = FaultProxy(host, backend_port)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.set(Fault.RESET)
        server.close()
