"""Worker processes of a running system: started, started again when they end, stopped with it."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import structlog

import gateway.tether
from mesh.config import Settings

FIRST_WAIT_SECONDS = 0.5
MOST_WAIT_SECONDS = 30.0
# A worker that lived so long has recovered: the next restart is quick again.
STEADY_SECONDS = 60.0
STOP_SECONDS = 12.0


class Child:
    """One worker process in a session of its own, tied to this process so that it never outlives it."""

    def __init__(self, module: str, name: str, settings: Settings, environment: Mapping[str, str]) -> None:
        self.module, self.name = module, name
        self._settings, self._environment = settings, environment
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep_running(self) -> None:
        """Starts the worker and starts it again whenever it ends, after a growing wait, until stopped."""
        wait = FIRST_WAIT_SECONDS
        while not self._stopping:
            started = asyncio.get_running_loop().time()
            code = await self._ended()
            if self._stopping:
                return
            lived = asyncio.get_running_loop().time() - started
            wait = FIRST_WAIT_SECONDS if lived > STEADY_SECONDS else min(MOST_WAIT_SECONDS, wait * 2)
            structlog.get_logger().warning("worker ended", worker=self.name, code=code, again_in_seconds=wait)
            await asyncio.sleep(wait)

    async def _ended(self) -> int | None:
        """Runs it once; gives its exit code, or None where it could not be started."""
        try:
            async with self._starting:
                if self._stopping:
                    return None
                self._process = await self._started()
            return await self._process.wait()
        except OSError:
            structlog.get_logger().error("worker not started", worker=self.name, exc_info=True)
            return None

    async def _started(self) -> asyncio.subprocess.Process:
        tether = Path(gateway.tether.__file__)
        command = [
            sys.executable,
            "-S",
            "-E",
            str(tether),
            str(os.getpid()),
            sys.executable,
            "-m",
            self.module,
        ]
        with (self._settings.log_dir / f"{self.name}.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self._environment),
                start_new_session=True,
            )

    async def stop(self) -> None:
        """Tells the worker to give its job back and end; after twelve seconds ends it."""
        self._stopping = True
        # One that is being started is there after this, and no other is started.
        async with self._starting:
            if self.pid is None:
                return
        self._signal(signal.SIGTERM)
        assert self._process is not None
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """Ends the worker and everything it started, at once."""
        self._stopping = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)
