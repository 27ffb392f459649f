"""Every adapter of every port, opened empty. An adapter joins its suite by one more name in `params`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh.config import Settings
from mesh.ports.blobs import Blobs
from mesh.ports.blobs_disk import DiskBlobs
from mesh.ports.blobs_memory import InMemoryBlobs
from mesh.ports.open_blobs import open_blobs
from mesh.ports.open_ports import open_ports
from mesh.ports.sql_memory import InMemoryDatabase
from tests.contract.ports.stores import Stores
from tests.relaying import relaying


@pytest.fixture(params=["sqlite", "memory", "postgres", "sqlite and rabbitmq", "postgres and rabbitmq"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    if request.param == "memory":
        fake = InMemoryDatabase()
        yield Stores(fake, fake.queue, fake.events, fake.replies)
        await fake.close()
        return
    database_url = request.getfixturevalue("postgres_url") if "postgres" in request.param else None
    amqp_url = request.getfixturevalue("amqp_url") if "rabbitmq" in request.param else None
    ports = await open_ports(Settings(data_dir=tmp_path, database_url=database_url, amqp_url=amqp_url))
    async with relaying(ports):
        yield Stores(ports.database, ports.queue, ports.events, ports.replies, amqp_url is not None)
    await ports.close()


@pytest.fixture(params=["disk", "memory", "s3"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "s3":
        return await open_blobs(request.getfixturevalue("s3_settings"))
    return InMemoryBlobs() if request.param == "memory" else DiskBlobs(tmp_path / "blobs")
