"""The relay, run as a process that serves runs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mesh.ports.open_ports import Ports


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
        await asyncio.wait([task])
