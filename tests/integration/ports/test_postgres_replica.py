"""A replica answers what may lag, as long as it is there and near."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ground.postgres import Postgres
from ground.postgres_replica import PostgresReplica
from mesh.config import Settings
from mesh.ports import postgres_replica
from mesh.ports.open_ports import Ports, open_ports
from tests.integration.ports import notebook


@pytest.fixture
def replica(postgres: Postgres, ground_folder: Path) -> Iterator[PostgresReplica]:
    server = PostgresReplica(ground_folder, tethered=True)
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def ports(postgres_url: str, replica: PostgresReplica) -> AsyncIterator[Ports]:
    name = postgres_url.rpartition("/")[2]
    settings = Settings(database_url=postgres_url, database_replica_url=replica.url_of(name))
    ports = await open_ports(settings)
    await ports.database.create_tables(notebook.metadata)
    yield ports
    await ports.close()


async def is_replica(ports: Ports, *, may_lag: bool) -> bool:
    async with ports.database.reading(may_lag=may_lag) as reader:
        return bool((await reader.execute(text("SELECT pg_is_in_recovery()"))).scalar())


async def wait_for(ports: Ports, expected: bool) -> None:
    async with asyncio.timeout(90):
        while await is_replica(ports, may_lag=True) != expected:  # noqa: ASYNC110 - another server changes
            await asyncio.sleep(0.1)


async def test_only_what_may_lag_is_read_from_the_replica_and_all_from_the_primary_when_it_is_gone(
    ports: Ports, replica: PostgresReplica
) -> None:
    await wait_for(ports, True)
    assert not await is_replica(ports, may_lag=False)
    replica.kill()
    await wait_for_fallback(ports)
    replica.start()
    await wait_for(ports, True)


async def wait_for_fallback(ports: Ports) -> None:
    """The first read may meet the lost connection; from then on the primary answers."""
    async with asyncio.timeout(90):
        while True:
            try:
                if not await is_replica(ports, may_lag=True):
                    return
            except OSError:
                await asyncio.sleep(0.1)


async def test_a_replica_that_is_too_far_behind_is_not_read_from(
    ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wait_for(ports, True)
    monkeypatch.setattr(postgres_replica, "MOST_LAG_SECONDS", -1.0)
    await wait_for(ports, False)
