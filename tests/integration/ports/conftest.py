"""The embedded ports, opened empty, on a clock that a test may set."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh import consuming
from mesh.config import Settings
from mesh.ports.open_ports import Ports, open_ports
from mesh.ports.queue import Queue
from tests.integration.ports import notebook
from tests.integration.ports.seconds import Seconds


@pytest.fixture
def seconds() -> Seconds:
    return Seconds(time.time())


@pytest.fixture
async def ports(tmp_path: Path, seconds: Seconds) -> AsyncIterator[Ports]:
    ports = await open_ports(Settings(data_dir=tmp_path), now=seconds)
    await ports.database.create_tables(notebook.metadata)
    yield ports
    await ports.close()


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[Queue]:
    """One whose leases run by the clock of the machine."""
    ports = await open_ports(Settings(data_dir=tmp_path))
    yield ports.queue
    await ports.close()


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "FIRST_RETRY_SECONDS", 0.01)
