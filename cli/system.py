"""The whole system on one machine: all services in this process, workers and the edge as its children."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TextIO

import structlog

from cli import lock
from cli.children import Child
from cli.services import WORKERS, build_of, service_names
from gateway.edge import Edge, EdgeError
from gateway.limiter import Limiter
from gateway.rate_limit_service import rate_limit_service
from mesh.config import ConfigurationError, Settings
from mesh.counted import Counted
from mesh.policy import all_methods
from mesh.runtime import Runtime, open_runtime
from mesh.server import serve

IDLE_CHECK_SECONDS = 5.0
EDGE_AGAIN_SECONDS = 2.0
INTERRUPTED = 130
QUEUES = ("document.process", "video.plan", "video.scene", "video.stitch", "search.reconcile")


class System:
    """Runs until it is told to stop: by a signal, or by having had nothing to do for `idle_seconds`."""

    def __init__(self, settings: Settings, *, idle_seconds: float | None = None) -> None:
        # The edge, by which all calls come, ends before the services: there is nobody to give notice to.
        self.settings = replace(settings, drain_notice_seconds=0.0)
        self._idle_seconds = idle_seconds
        self._stop = asyncio.Event()
        self._edge = Edge(settings)
        self._children = self._workers()

    def _workers(self) -> list[Child]:
        counts = {"render": self.settings.render_workers, "documents": self.settings.document_workers}
        named = [(kind, number) for kind, count in counts.items() for number in range(1, count + 1)]
        return [
            Child(WORKERS[kind], f"{kind}-worker-{number}", self.settings, self._environment(place))
            for place, (kind, number) in enumerate(named, start=1)
        ]

    def _environment(self, place: int) -> dict[str, str]:
        """What a worker is started with: its metrics are on the port that lies so far behind this process's."""
        first = self.settings.metrics_port
        return {**os.environ, "MOOTION_METRICS_PORT": str(first + place if 0 < first <= 65535 - place else 0)}

    async def run(self, ready: Callable[[str], None], log: TextIO | None) -> None:
        """Serves until stopped. `ready` is given the edge's URL once everything takes calls; log lines go to `log`,
        or to `logs/system.log` in the data folder.

        Raises:
            AlreadyRunning: another process runs the system on the same data folder.
            EdgeError: the edge did not start.
        """
        with lock.held(self.settings.data_dir):
            self.settings.log_dir.mkdir(parents=True, exist_ok=True)
            self._listen_to_signals()
            with (self.settings.log_dir / "system.log").open("a") as file:
                async with (
                    open_runtime(self.settings, "mootion", log=log or file) as runtime,
                    self._serving(runtime),
                    rate_limit_service(_limiter(runtime)) as self._edge.limiter,
                ):
                    await self._run_children(runtime, ready)

    @asynccontextmanager
    async def _serving(self, runtime: Runtime) -> AsyncIterator[None]:
        """All services, taking calls from when the block begins until it has ended."""
        parts = [build_of(name)(runtime) for name in service_names()]
        up, until = asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(serve(runtime, parts, until=until, ready=up.set))
        try:
            await _first_of(up.wait(), serving)
            yield
        finally:
            until.set()
            await serving

    async def _run_children(self, runtime: Runtime, ready: Callable[[str], None]) -> None:
        keeping = [asyncio.create_task(child.keep_running()) for child in self._children]
        watching: list[asyncio.Task[None]] = []
        try:
            await self._edge.start()
            watching.append(asyncio.create_task(keep_edge(self._edge)))
            if self._idle_seconds is not None:
                watching.append(asyncio.create_task(self._stop_when_idle(runtime, self._idle_seconds)))
            ready(self._edge.url)
            await self._stop.wait()
        finally:
            self._stop.set()
            # First, so that no edge is started any more.
            await _cancelled(watching)
            await self._edge.stop()
            await asyncio.gather(*(child.stop() for child in self._children))
            await _cancelled(keeping)

    async def _stop_when_idle(self, runtime: Runtime, seconds: float) -> None:
        async def last_busy() -> float:
            depths = [await runtime.queue.depth(topic) for topic in QUEUES]
            return time.time() if any(depths) else self._last_call()

        await wait_until_idle(last_busy, seconds)
        self._stop.set()

    def _last_call(self) -> float:
        """When the edge last noted a call, in seconds since 1970."""
        return (self.settings.log_dir / "edge-access.log").stat().st_mtime

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        """The first asks for an orderly stop; the second ends everything at once. Nothing acknowledged is lost."""
        if not self._stop.is_set():
            self._stop.set()
            return
        for child in self._children:
            child.kill()
        if self._edge.pid is not None:
            os.kill(self._edge.pid, signal.SIGKILL)
        sys.stderr.write("Stopped at once; queued work goes on at the next start.\n")
        os._exit(INTERRUPTED)


async def keep_edge(edge: Edge) -> None:
    """Starts the edge again whenever it ends, and tries again where that fails, until cancelled."""
    log = structlog.get_logger()
    while True:
        log.error("the edge ended and is started again", code=await edge.wait())
        try:
            await edge.start()
        except (EdgeError, ConfigurationError, OSError):
            log.error("the edge did not start", again_in_seconds=EDGE_AGAIN_SECONDS, exc_info=True)
            await asyncio.sleep(EDGE_AGAIN_SECONDS)


async def wait_until_idle(last_busy: Callable[[], Awaitable[float]], seconds: float) -> None:
    """Returns when nothing was done for so long. A time in which nobody can tell counts as busy.

    Args:
        last_busy: when something was done last, in seconds since 1970.
    """
    busy_at = time.time()
    while time.time() - busy_at < seconds:
        await asyncio.sleep(IDLE_CHECK_SECONDS)
        try:
            busy_at = max(busy_at, await last_busy())
        except OSError:
            structlog.get_logger().warning("idleness unknown", exc_info=True)
            busy_at = time.time()


async def _cancelled(tasks: "Sequence[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _limiter(runtime: Runtime) -> Limiter:
    """Counts where the services count."""
    return Limiter(
        runtime.limits, Counted(runtime.signer.key), all_methods(), runtime.telemetry.metrics.call_refused
    )


async def _first_of(wanted: Coroutine[Any, Any, Any], running: "asyncio.Task[None]") -> None:
    """Waits for `wanted`, unless `running` ends first: then its exception, if any, goes on."""
    waiting = asyncio.ensure_future(wanted)
    await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        waiting.cancel()
        running.result()
