"""Runs the edge in the foreground: `python -m gateway`. SIGTERM and Ctrl-C drain it and end it.

The rate-limit service runs beside Envoy, in this process.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.edge import Edge, EdgeError
from gateway.limiter import Limiter
from gateway.rate_limit_service import rate_limit_service
from mesh.config import ConfigurationError, Settings
from mesh.counted import Counted
from mesh.metrics import MetricsEndpoint
from mesh.policy import all_methods
from mesh.ports.open_redis import open_redis
from mesh.secret_keys import read_or_make
from mesh.telemetry import Telemetry


async def run(settings: Settings) -> int:
    """Returns Envoy's exit code, or 0 after a signal.

    Raises:
        ConfigurationError: the mesh key is none, or the port of metrics is taken.
        EdgeError: Envoy did not start.
    """
    signalled = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, signalled.set)
    async with _limiting(settings) as limiter:
        edge = Edge(settings, limiter=limiter)
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


@asynccontextmanager
async def _limiting(settings: Settings) -> AsyncIterator[str]:
    """The rate-limit service and its metrics while the block lasts; gives its address."""
    telemetry = Telemetry.open(settings, "edge")
    metrics = telemetry.metrics
    store = open_redis(settings, lambda port: metrics.unanswered.labels(port).inc())
    metrics.limits_degraded.set_function(lambda: float(store.limits.degraded))
    key = read_or_make(settings.mesh_key, settings.key_dir / "mesh.key", "MOOTION_MESH_KEY")
    limiter = Limiter(store.limits, Counted(key), all_methods(), metrics.call_refused)
    endpoint = _metrics_endpoint(telemetry, settings.metrics_port)
    try:
        async with rate_limit_service(limiter) as address:
            yield address
    finally:
        if endpoint is not None:
            endpoint.close()
        await store.close()
        telemetry.close()


def _metrics_endpoint(telemetry: Telemetry, port: int) -> MetricsEndpoint | None:
    try:
        return MetricsEndpoint(telemetry.metrics.registry, port) if port else None
    except OSError as error:
        raise ConfigurationError(
            ["the port of MOOTION_METRICS_PORT is taken or not allowed; set another one"]
        ) from error


def main() -> None:
    """Exits with 2 where the edge could not be started."""
    try:
        sys.exit(asyncio.run(run(Settings.from_environment(os.environ))))
    except (ConfigurationError, EdgeError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
