"""What only a bucket does: parts, signed URLs, a store that does not answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from ground.s3 import S3
from mesh.config import ConfigurationError, Settings
from mesh.ports.blobs import Blobs
from mesh.ports.blobs_s3 import PART
from mesh.ports.failures import StorageUnavailable
from mesh.ports.open_blobs import open_blobs
from tests.stopwatch import Stopwatch

LARGE = bytes(range(256)) * (2 * PART // 256) + b"the end"


@pytest.fixture
async def blobs(s3_settings: Settings) -> Blobs:
    return await open_blobs(s3_settings)


async def pieces(content: bytes, size: int = 300_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def keys(blobs: Blobs) -> list[str]:
    return [key async for key in blobs.list("")]


def unfinished_uploads(s3: S3, settings: Settings) -> int:
    """Uploads in parts that were begun and neither completed nor taken back."""
    assert settings.blob_url is not None
    bucket = settings.blob_url.removeprefix("s3://").partition("?")[0]
    return httpx2.get(f"{s3.endpoint}/{bucket}?uploads").text.count("<UploadId>")


async def test_a_blob_of_several_parts_comes_back_as_it_was(blobs: Blobs) -> None:
    info = await blobs.put("videos/1.mp4", pieces(LARGE))
    assert info.size == len(LARGE)
    assert b"".join([chunk async for chunk in blobs.stream("videos/1.mp4")]) == LARGE
    assert await blobs.read("videos/1.mp4", PART - 3, 10) == LARGE[PART - 3 : PART + 7]


async def test_an_upload_that_breaks_off_leaves_no_parts(blobs: Blobs, s3: S3, s3_settings: Settings) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for piece in pieces(LARGE):
            yield piece
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await blobs.put("a", broken())
    assert await keys(blobs) == []
    assert unfinished_uploads(s3, s3_settings) == 0


async def test_a_cancelled_upload_leaves_no_parts(blobs: Blobs, s3: S3, s3_settings: Settings) -> None:
    waiting = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        async for piece in pieces(LARGE):
            yield piece
        waiting.set()
        await asyncio.sleep(0.2)
        yield b"more"

    upload = asyncio.create_task(blobs.put("a", slow()))
    await waiting.wait()
    assert unfinished_uploads(s3, s3_settings) == 1
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert await keys(blobs) == []
    assert unfinished_uploads(s3, s3_settings) == 0


async def test_a_signed_url_gives_the_bytes_and_ranges_of_them(blobs: Blobs) -> None:
    await blobs.put("videos/ü 1.mp4", pieces(b"0123456789"))
    url = await blobs.signed_url("videos/ü 1.mp4", 60)
    assert url is not None
    async with httpx2.AsyncClient() as client:
        whole = await client.get(url)
        part = await client.get(url, headers={"range": "bytes=2-4"})
    assert whole.content == b"0123456789"
    assert whole.headers["content-type"] == "video/mp4"
    assert (part.status_code, part.content) == (206, b"234")


async def test_a_signed_url_names_the_address_that_others_reach(s3_settings: Settings) -> None:
    public = f"{s3_settings.blob_url}&public_endpoint=https://files.example.org"
    blobs = await open_blobs(replace(s3_settings, blob_url=public))
    url = await blobs.signed_url("a", 60)
    assert url is not None
    assert url.startswith("https://files.example.org/")


async def test_two_prefixes_of_a_bucket_know_nothing_of_each_other(s3_settings: Settings) -> None:
    assert s3_settings.blob_url is not None
    first, second = [
        await open_blobs(replace(s3_settings, blob_url=s3_settings.blob_url.replace("?", f"/{prefix}?")))
        for prefix in ("first/store", "second")
    ]
    await first.put("a", pieces(b"1"))
    assert await keys(first) == ["a"]
    assert await keys(second) == []


async def test_a_missing_bucket_is_noticed_at_the_start(s3_settings: Settings, s3: S3) -> None:
    with pytest.raises(StorageUnavailable):
        await open_blobs(replace(s3_settings, blob_url=s3.url_of("nobody-made-it")))


async def test_a_store_that_is_down_is_unavailable_and_has_everything_when_it_is_back(
    blobs: Blobs, s3: S3, tmp_path: Path
) -> None:
    await blobs.put("a", pieces(LARGE))
    s3.kill()
    with Stopwatch() as watch:
        for attempt in (blobs.put("b", pieces(b"1")), blobs.read("a"), blobs.exists("a"), blobs.delete("a")):
            with pytest.raises(StorageUnavailable):
                await attempt
    assert watch.seconds < 20
    s3.start()
    assert await blobs.read("a") == LARGE
    assert await keys(blobs) == ["a"]


@pytest.mark.parametrize("query", ["?endpoint=ftp://host", "?region=x&color=red", "?public_endpoint=host"])
async def test_a_url_that_is_not_understood_is_refused(tmp_path: Path, query: str) -> None:
    with pytest.raises(ConfigurationError, match="BLOB_URL"):
        await open_blobs(Settings(data_dir=tmp_path, blob_url=f"s3://bucket{query}"))


async def test_a_signed_url_is_none_where_there_is_no_bucket(tmp_path: Path) -> None:
    blobs = await open_blobs(Settings(data_dir=tmp_path))
    await blobs.put("a", pieces(b"1"))
    assert await blobs.signed_url("a", 60) is None


async def test_a_signed_url_of_a_missing_blob_finds_nothing(blobs: Blobs) -> None:
    url = await blobs.signed_url("missing", 60)
    assert url is not None
    async with httpx2.AsyncClient() as client:
        assert (await client.get(url)).status_code == 404
