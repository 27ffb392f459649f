"""Workers and the edge of a system: started again whatever keeps them from it, and stopped while they start."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cli import children, system
from cli.children import Child
from gateway.edge import Edge, EdgeError
from mesh.config import Settings

START = asyncio.create_subprocess_exec


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """A worker that does nothing, for long."""
    monkeypatch.setattr(children, "FIRST_WAIT_SECONDS", 0.01)
    (tmp_path / "idling.py").write_text("import time\ntime.sleep(60)\n")
    settings = Settings(data_dir=tmp_path)
    settings.log_dir.mkdir(parents=True)
    return Child("idling", "idler", settings, {**os.environ, "PYTHONPATH": str(tmp_path)})


@asynccontextmanager
async def kept(child: Child) -> AsyncIterator[None]:
    keeping = asyncio.create_task(child.keep_running())
    try:
        yield
    finally:
        await child.stop()
        keeping.cancel()
        await asyncio.wait([keeping])


async def test_a_worker_that_could_not_be_started_is_started_later(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts, started = [], asyncio.Event()

    async def start(*command: Any, **how: Any) -> asyncio.subprocess.Process:
        attempts.append(command)
        if len(attempts) < 3:
            raise BlockingIOError("the machine has no process to spare")
        started.set()
        return await START(*command, **how)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    async with kept(child), asyncio.timeout(10):
        await started.wait()
    assert len(attempts) == 3


async def test_a_worker_that_is_being_started_is_stopped_too(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, started = asyncio.Event(), []

    async def start(*command: Any, **how: Any) -> asyncio.subprocess.Process:
        begun.set()
        await asyncio.sleep(0.05)
        started.append(await START(*command, **how))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    async with kept(child):
        await begun.wait()
        await child.stop()
        await asyncio.sleep(0.1)
        assert [process.returncode is None for process in started] == [False]


class FallingEdge(Edge):
    """Ends at once, and cannot be started again before the third attempt."""

    def __init__(self) -> None:
        self.attempts = 0
        self.is_up = asyncio.Event()

    async def wait(self) -> int:
        if self.is_up.is_set():
            await asyncio.Event().wait()
        return 1

    async def start(self) -> None:
        self.attempts += 1
        if self.attempts < 3:
            raise EdgeError("the port is taken")
        self.is_up.set()


async def test_an_edge_that_did_not_start_again_is_started_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "EDGE_AGAIN_SECONDS", 0.01)
    edge = FallingEdge()
    keeping = asyncio.create_task(system.keep_edge(edge))
    await asyncio.wait_for(edge.is_up.wait(), 5)
    assert not keeping.done()
    keeping.cancel()


async def test_a_look_that_fails_does_not_keep_an_idle_system_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(system, "IDLE_CHECK_SECONDS", 0.01)
    looks: list[int] = []

    async def last_busy() -> float:
        looks.append(len(looks))
        if len(looks) == 1:
            raise OSError("the database is busy")
        return 0.0

    await asyncio.wait_for(system.wait_until_idle(last_busy, 0.05), 5)
    assert len(looks) > 1
