"""No room on the disk, or too many open files: a typed error, nothing torn, and all is well afterwards."""

import errno
import os
import resource
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from mesh.config import Settings
from mesh.ports.blobs_disk import DiskBlobs
from mesh.ports.failures import DescriptorsExhausted, StorageFull
from mesh.ports.open_ports import Ports, open_ports
from tests.integration.ports import journal, notebook, processes

MEBIBYTE = 1 << 20
RESULTS = "results"


async def pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(0, size, 65_536):
        yield b"x" * 65_536


@contextmanager
def limited(what: int, most: int) -> Iterator[None]:
    """Lowers a limit of this process while the block lasts."""
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


async def fill_by_limit(folder: Path) -> None:
    """Writes under a limit on the size of files."""
    ports = await open_ports(Settings(data_dir=folder))
    await ports.database.create_tables(notebook.metadata)
    await notebook.note(ports, "before")
    with limited(resource.RLIMIT_FSIZE, 3 * MEBIBYTE):
        await _fill(ports, folder)
    await _use_again(ports, folder)


async def fill_disk(folder: Path) -> None:
    """Writes to a small disk until it is full, then makes room."""
    ports = await open_ports(Settings(data_dir=folder / "data"))
    await ports.database.create_tables(notebook.metadata)
    await notebook.note(ports, "before")
    ballast = folder / "ballast"
    ballast.write_bytes(b"x" * MEBIBYTE)
    await _fill(ports, folder)
    ballast.unlink()
    await _use_again(ports, folder)


async def _fill(ports: Ports, folder: Path) -> None:
    try:
        await ports.blobs.put("large", pieces(20 * MEBIBYTE))
    except StorageFull:
        journal.append(folder / RESULTS, "blob", await ports.blobs.exists("large"))
    try:
        for number in range(100_000):
            await notebook.note(ports, f"{number}-" + "x" * 50_000)
    except StorageFull:
        async with ports.database.reading() as reader:
            jobs = (await reader.execute(text("SELECT count(*) FROM queue_jobs"))).scalar_one()
            journal.append(folder / RESULTS, "rows", jobs == number + 1)


async def _use_again(ports: Ports, folder: Path) -> None:
    await notebook.note(ports, "after")
    await ports.blobs.put("small", pieces(65_536))
    async with ports.database.reading() as reader:
        noted = await notebook.names(reader, notebook.notes)
        healthy = (await reader.execute(text("PRAGMA integrity_check"))).scalar()
    journal.append(folder / RESULTS, "again", "before" in noted, "after" in noted, healthy)
    await ports.close()


EXPECTED = [["blob", "False"], ["rows", "True"], ["again", "True", "True", "ok"]]


def test_a_file_that_may_not_grow_is_a_full_store(tmp_path: Path) -> None:
    process = processes.start(fill_by_limit, tmp_path)
    process.join(200)
    assert process.exitcode == 0
    assert journal.lines(tmp_path / RESULTS) == EXPECTED
    assert list((tmp_path / "blobs" / ".incoming").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root: " + mounted.stderr.decode().strip())
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_a_full_store(small_disk: Path) -> None:
    process = processes.start(fill_disk, small_disk)
    process.join(200)
    assert process.exitcode == 0
    assert journal.lines(small_disk / RESULTS) == EXPECTED
    assert list((small_disk / "data" / "blobs" / ".incoming").iterdir()) == []


async def open_files(folder: Path) -> None:
    """Uses the stores with no descriptor left."""
    ports = await open_ports(Settings(data_dir=folder))
    await ports.database.create_tables(notebook.metadata)
    with limited(resource.RLIMIT_NOFILE, len(os.listdir("/proc/self/fd"))):
        try:
            await ports.blobs.put("a", pieces(65_536))
        except DescriptorsExhausted as error:
            journal.append(folder / RESULTS, "blob", error.errno == errno.EMFILE)
        await notebook.note(ports, "meanwhile")
    await ports.blobs.put("a", pieces(65_536))
    async with ports.database.reading() as reader:
        journal.append(folder / RESULTS, "again", await notebook.names(reader, notebook.notes))
    await ports.close()


def test_without_descriptors_blobs_wait_for_better_times_and_rows_are_written(tmp_path: Path) -> None:
    process = processes.start(open_files, tmp_path)
    process.join(200)
    assert process.exitcode == 0
    assert journal.lines(tmp_path / RESULTS) == [["blob", "True"], ["again", "['meanwhile']"]]


async def put_with_ever_more(folder: Path) -> None:
    """Stores blobs with no descriptor left, one, two and so on; a refusal must have kept nothing."""
    blobs = DiskBlobs(folder)
    for spare in range(8):
        with limited(resource.RLIMIT_NOFILE, len(os.listdir("/proc/self/fd")) - 1 + spare):
            try:
                await blobs.put(f"a/b/{spare}", pieces(65_536))
                stored = True
            except DescriptorsExhausted:
                stored = False
        journal.append(folder / RESULTS, spare, stored, await blobs.exists(f"a/b/{spare}"))


def test_a_blob_that_is_refused_for_want_of_descriptors_is_not_there(tmp_path: Path) -> None:
    process = processes.start(put_with_ever_more, tmp_path)
    process.join(200)
    told = journal.lines(tmp_path / RESULTS)
    assert {stored for _, stored, _ in told} == {"True", "False"}
    assert all(stored == exists for _, stored, exists in told)
