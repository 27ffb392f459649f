"""A PostgreSQL database as an archive and back."""

import asyncio
from pathlib import Path

import pytest
from mootion.event.v1 import event_pb2

from mesh.backups import postgres as backups
from mesh.config import Settings
from mesh.ports.open_ports import open_ports


async def publish(url: str, folder: Path) -> None:
    ports = await open_ports(Settings(data_dir=folder, database_url=url))
    async with ports.database.transaction() as tx:
        tx.publish(event_pb2.Event(owner_id="me"))
    await ports.close()


def test_what_was_dumped_is_restored_into_an_empty_database_only(
    postgres_url: str, empty_postgres_url: str, tmp_path: Path
) -> None:
    asyncio.run(publish(postgres_url, tmp_path))
    rows = backups.dump(postgres_url, tmp_path / "dump")
    assert rows["outbox"] == 1
    assert backups.restore(empty_postgres_url, tmp_path / "dump") == rows
    asyncio.run(publish(empty_postgres_url, tmp_path))
    with pytest.raises(backups.PostgresFailed, match="has tables already"):
        backups.restore(postgres_url, tmp_path / "dump")
