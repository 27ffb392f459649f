"""What the blob store on disk does when uploads break off, or meet."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from mesh.ports.blobs_disk import DiskBlobs
from tests.integration.ports import journal, processes


async def leave_behind(folder: Path) -> None:
    """Writes half a blob, and stays."""
    blobs = DiskBlobs(folder)

    async def half() -> AsyncIterator[bytes]:
        yield b"x" * (2 << 20)
        journal.append(folder / "half", "written")
        await asyncio.sleep(60)
        yield b"x"

    await blobs.put("never", half())


async def test_what_a_killed_process_left_half_written_is_removed_at_the_next_start(tmp_path: Path) -> None:
    writer = processes.start(leave_behind, tmp_path)
    await journal.wait_for_line(tmp_path / "half")
    incoming = tmp_path / ".incoming"
    DiskBlobs(tmp_path)
    assert len(list(incoming.iterdir())) == 1, "what another process is writing is left alone"
    processes.kill(writer)
    blobs = DiskBlobs(tmp_path)
    assert list(incoming.iterdir()) == []
    assert not await blobs.exists("never")


async def test_a_cancelled_upload_leaves_nothing(tmp_path: Path) -> None:
    blobs = DiskBlobs(tmp_path)
    started = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * (1 << 20)
            started.set()

    upload = asyncio.create_task(blobs.put("a", slow()))
    await started.wait()
    upload.cancel()
    await asyncio.wait([upload])
    assert upload.cancelled()
    assert not await blobs.exists("a")
    assert list((tmp_path / ".incoming").iterdir()) == []


async def test_blobs_come_and_go_in_one_folder_at_the_same_time(tmp_path: Path) -> None:
    blobs = DiskBlobs(tmp_path)

    async def one() -> AsyncIterator[bytes]:
        yield b"x"

    async def come_and_go(name: str) -> None:
        for _ in range(30):
            await blobs.put(f"a/b/{name}", one())
            await blobs.delete(f"a/b/{name}")

    await asyncio.gather(*(come_and_go(name) for name in "abcd"))
    assert [key async for key in blobs.list("")] == []


async def test_processes_that_start_take_no_upload_that_begins_for_abandoned(tmp_path: Path) -> None:
    blobs, over = DiskBlobs(tmp_path), threading.Event()

    async def one() -> AsyncIterator[bytes]:
        yield b"x"

    def start_again() -> None:
        while not over.is_set():
            DiskBlobs(tmp_path)

    starting = threading.Thread(target=start_again)
    starting.start()
    try:
        for number in range(300):
            await blobs.put(f"a/{number}", one())
    finally:
        over.set()
        starting.join()
    assert len([key async for key in blobs.list("a/")]) == 300
