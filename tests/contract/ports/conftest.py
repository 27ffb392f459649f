"""Every adapter of every port, opened empty. An adapter joins its suite by one more name in `params`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh.config import Settings
from mesh.ports.blobs import Blobs
from mesh.ports.blobs_disk import DiskBlobs
from mesh.ports.blobs_memory import InMemoryBlobs
from mesh.ports.open_ports import open_ports
from mesh.ports.sql_memory import InMemoryDatabase
from tests.contract.ports.stores import Stores


@pytest.fixture(params=["sqlite", "memory"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    if request.param == "memory":
        fake = InMemoryDatabase()
        yield Stores(fake, fake.queue, fake.events, fake.replies)
        await fake.close()
        return
    ports = await open_ports(Settings(data_dir=tmp_path))
    yield Stores(ports.database, ports.queue, ports.events, ports.replies)
    await ports.close()


@pytest.fixture(params=["disk", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return InMemoryBlobs() if request.param == "memory" else DiskBlobs(tmp_path / "blobs")
