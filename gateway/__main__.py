"""Runs the edge in the foreground: `python -m gateway`. SIGTERM and Ctrl-C drain it and end it."""

import asyncio
import os
import signal
import sys

from gateway.edge import Edge, EdgeError
from mesh.config import ConfigurationError, Settings


async def run(settings: Settings) -> int:
    """Returns Envoy's exit code, or 0 after a signal."""
    edge, signalled = Edge(settings), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, signalled.set)
    await edge.start()
    print(f"The edge listens on {edge.url}", file=sys.stderr)
    ended, asked = asyncio.create_task(edge.wait()), asyncio.create_task(signalled.wait())
    await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if ended.done():
        return ended.result()
    await edge.stop(settings.drain_grace_seconds)
    await ended
    return 0


def main() -> None:
    """Exits with 2 where the edge could not be started."""
    try:
        sys.exit(asyncio.run(run(Settings.from_environment(os.environ))))
    except (ConfigurationError, EdgeError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
