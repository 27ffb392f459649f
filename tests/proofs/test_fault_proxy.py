"""The proxy does to connections what it says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proofs.faults.fault_proxy import Fault, FaultProxy, proxied


@asynccontextmanager
async def _echoing() -> AsyncIterator[int]:
    """A server that sends back each line; gives its port."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _echo(proxy: FaultProxy, seconds: float = 60.0) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello\n")
    try:
        async with asyncio.timeout(seconds):
            return await reader.readline()
    finally:
        writer.close()


@pytest.mark.parametrize("fault", [Fault.NONE, Fault.LATENCY, Fault.SLOW])
async def test_the_proxy_brings_everything_sooner_or_later(fault: Fault) -> None:
    async with _echoing() as port, proxied(port) as proxy:
        proxy.set(fault)
        assert await _echo(proxy) == b"hello\n"


async def test_the_proxy_resets_and_swallows() -> None:
    async with _echoing() as port, proxied(port) as proxy:
        proxy.set(Fault.BLACK_HOLE)
        with pytest.raises(TimeoutError):
            await _echo(proxy, 0.6)
        proxy.set(Fault.RESET)
        with pytest.raises(ConnectionError):
            await _echo(proxy)
