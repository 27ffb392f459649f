"""The relay, run as a process that serves runs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mesh.ports.open_ports import Ports

STOP_SECONDS = 30.0


@asynccontextmanager
async def relaying(ports: Ports) -> AsyncIterator[None]:
    """Relays while the block lasts, where there is a broker."""
    if ports.relay is None:
        yield
        return
    task = asyncio.ensure_future(ports.relay())
    try:
        yield
    finally:
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=STOP_SECONDS)
        assert done, "the relay goes on though it was cancelled"
