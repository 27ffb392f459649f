"""Real servers without room: what does not fit is refused as such, what was there stays, and with room all goes on."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from ground.postgres import Postgres
from ground.s3 import S3
from mesh.config import Settings
from mesh.ports.failures import StorageFull
from mesh.ports.open_blobs import open_blobs
from mesh.ports.open_ports import open_ports
from proofs.faults.scarce_servers import bucket_on_a_small_disk, tables_on_a_small_disk
from proofs.faults.small_disk import MEBIBYTE, SmallDisk
from proofs.numbers import CannotRun
from tests.integration.ports import notebook


@contextmanager
def or_skip(disk: AbstractContextManager[SmallDisk]) -> Iterator[SmallDisk]:
    """Skips the test where nothing can be mounted."""
    try:
        found = disk.__enter__()
    except CannotRun as reason:
        pytest.skip(str(reason))
    try:
        yield found
    finally:
        disk.__exit__(None, None, None)


async def pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(0, size, 65_536):
        yield b"x" * 65_536


async def test_a_bucket_without_room_refuses_what_does_not_fit(s3: S3, s3_settings: Settings) -> None:
    assert s3_settings.blob_url is not None
    with or_skip(bucket_on_a_small_disk(s3, s3_settings.blob_url, 2)) as disk:
        blobs = await open_blobs(s3_settings)
        await blobs.put("small", pieces(65_536))
        for key in ("large", "small"):
            with pytest.raises(StorageFull, match="no room"):
                await blobs.put(key, pieces(4 * MEBIBYTE))
        assert not await blobs.exists("large")
        assert await blobs.size("small") == 65_536
        disk.resize(16 * MEBIBYTE)
        await blobs.put("large", pieces(4 * MEBIBYTE))
        assert await blobs.size("large") == 4 * MEBIBYTE


async def test_tables_without_room_refuse_rows(postgres: Postgres, postgres_url: str, tmp_path: Path) -> None:
    with or_skip(tables_on_a_small_disk(postgres, postgres_url, 64)) as disk:
        ports = await open_ports(Settings(data_dir=tmp_path, database_url=postgres_url))
        await ports.database.create_tables(notebook.metadata)
        await notebook.note(ports, "before")
        disk.resize(disk.used + MEBIBYTE // 4)
        count = 0
        with pytest.raises(StorageFull, match="no room"):
            for count in range(10_000):
                await notebook.note(ports, f"row-{count}")
        disk.resize(128 * MEBIBYTE)
        await notebook.note(ports, "after")
        async with ports.database.reading() as reader:
            names = await notebook.names(reader, notebook.notes)
        await ports.close()
    assert len(names) == count + 2 and {"before", "after"} <= set(names)
