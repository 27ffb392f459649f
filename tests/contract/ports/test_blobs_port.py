"""What every blob store does."""

import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh.ports.blob_keys import InvalidBlobKey
from mesh.ports.blobs import CHUNK, BlobInfo, BlobNotFound, Blobs

CONTENT = bytes(range(256)) * 5000


async def pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def broken() -> AsyncIterator[bytes]:
    yield b"x" * (2 * CHUNK)
    raise ConnectionResetError


async def keys(blobs: Blobs, prefix: str = "") -> list[str]:
    return [key async for key in blobs.list(prefix)]


async def test_a_blob_is_read_as_it_was_put(blobs: Blobs) -> None:
    info = await blobs.put("uploads/1", pieces(CONTENT))
    assert info == BlobInfo("uploads/1", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert await blobs.read("uploads/1") == CONTENT
    assert await blobs.size("uploads/1") == len(CONTENT)
    assert await blobs.exists("uploads/1")


async def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    assert (await blobs.put("empty", pieces(b""))).size == 0
    assert await blobs.read("empty") == b""


async def test_a_file_is_copied(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "video.mp4"
    source.write_bytes(CONTENT)
    info = await blobs.put_file("videos/1", source)
    assert info == BlobInfo("videos/1", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert source.read_bytes() == await blobs.read("videos/1")


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 10), (100, 1000), (len(CONTENT) - 5, 100), (len(CONTENT), None), (7, 0)]
)
async def test_a_range_is_read_alone(blobs: Blobs, offset: int, length: int | None) -> None:
    await blobs.put("a", pieces(CONTENT))
    expected = CONTENT[offset:] if length is None else CONTENT[offset : offset + length]
    assert await blobs.read("a", offset, length) == expected
    chunks = [chunk async for chunk in blobs.stream("a", offset, length)]
    assert b"".join(chunks) == expected


async def test_a_stream_comes_in_chunks_of_a_mebibyte_at_the_most(blobs: Blobs) -> None:
    content = b"x" * (2 * CHUNK + 5)
    await blobs.put("a", pieces(content))
    chunks = [chunk async for chunk in blobs.stream("a")]
    assert b"".join(chunks) == content
    assert max(map(len, chunks)) <= CHUNK


async def test_a_local_file_has_the_bytes(blobs: Blobs) -> None:
    await blobs.put("a", pieces(CONTENT))
    async with blobs.local_file("a") as path:
        assert path.read_bytes() == CONTENT
    assert await blobs.read("a") == CONTENT


async def test_chunks_that_break_off_leave_nothing(blobs: Blobs) -> None:
    with pytest.raises(ConnectionResetError):
        await blobs.put("a", broken())
    assert not await blobs.exists("a")
    assert await keys(blobs) == []


async def test_chunks_that_break_off_leave_the_blob_that_was_there(blobs: Blobs) -> None:
    await blobs.put("a", pieces(CONTENT))
    with pytest.raises(ConnectionResetError):
        await blobs.put("a", broken())
    assert await blobs.read("a") == CONTENT


async def test_a_second_put_replaces_the_blob(blobs: Blobs) -> None:
    await blobs.put("a", pieces(CONTENT))
    await blobs.put("a", pieces(b"new"))
    assert await blobs.read("a") == b"new"


async def test_what_is_not_there_is_not_found(blobs: Blobs) -> None:
    await blobs.put("folder/a", pieces(b"a"))
    for missing in ("b", "folder/b", "folder", "folder/a/b"):
        assert not await blobs.exists(missing)
        for attempt in (blobs.size(missing), blobs.read(missing), anext(blobs.stream(missing))):
            with pytest.raises(BlobNotFound):
                await attempt
        with pytest.raises(BlobNotFound):
            async with blobs.local_file(missing):
                pass


async def test_a_deleted_blob_is_gone_and_deleting_it_again_is_no_error(blobs: Blobs) -> None:
    await blobs.put("folder/a", pieces(b"a"))
    await blobs.delete("folder/a")
    await blobs.delete("folder/a")
    await blobs.delete("folder")
    assert not await blobs.exists("folder/a")


async def test_keys_are_listed_by_how_they_start(blobs: Blobs) -> None:
    for key in ("scenes/ab", "scenes/ab.pb", "scenes/b", "uploads/ab"):
        await blobs.put(key, pieces(b"x"))
    assert await keys(blobs, "scenes/a") == ["scenes/ab", "scenes/ab.pb"]
    assert await keys(blobs, "scenes/") == ["scenes/ab", "scenes/ab.pb", "scenes/b"]
    assert await keys(blobs, "nothing/") == []
    assert len(await keys(blobs)) == 4


async def test_blobs_are_deleted_by_how_their_keys_start(blobs: Blobs) -> None:
    for key in ("videos/1/a", "videos/1/b", "videos/10", "uploads/1"):
        await blobs.put(key, pieces(b"x"))
    await blobs.delete_prefix("videos/1/")
    assert await keys(blobs) == ["uploads/1", "videos/10"]
    await blobs.put("videos/1/a", pieces(b"x"))
    assert await blobs.exists("videos/1/a")


async def test_a_listing_tells_sizes_and_when_blobs_were_put(blobs: Blobs) -> None:
    before = time.time()
    for key, content in (("scenes/a", b"12345"), ("scenes/b", b""), ("uploads/1", b"x")):
        await blobs.put(key, pieces(content))
    found = [each async for each in blobs.stored("scenes/")]
    assert [(each.key, each.size) for each in found] == [("scenes/a", 5), ("scenes/b", 0)]
    # Stores of this kind keep whole seconds.
    assert all(before - 2 <= each.modified <= time.time() + 2 for each in found)
    assert [each.size async for each in blobs.stored("scenes/a")] == [5]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../outside",
        "a/../../outside",
        "a//b",
        "a/",
        "./a",
        ".incoming/x",
        "a\x00b",
        "a\nb",
        "a\\b",
        "x" * 201,
        "/".join(["x" * 100] * 11),
    ],
)
async def test_an_impossible_key_is_refused(blobs: Blobs, key: str) -> None:
    with pytest.raises(InvalidBlobKey):
        await blobs.put(key, pieces(b"x"))
    for attempt in (blobs.read(key), blobs.exists(key), blobs.delete(key), blobs.size(key)):
        with pytest.raises(InvalidBlobKey):
            await attempt


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b")])
async def test_a_key_that_continues_another_is_refused(blobs: Blobs, first: str, second: str) -> None:
    await blobs.put(first, pieces(b"first"))
    with pytest.raises(InvalidBlobKey):
        await blobs.put(second, pieces(b"second"))
    assert await blobs.read(first) == b"first"
    assert await keys(blobs) == [first]
