"""Blobs without a row go once they are old; everything else stays."""

import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mootion.document.v1 import document_pb2
from mootion.video.v1 import rendering_service_pb2, video_pb2

from mesh.config import Settings
from mesh.orphans import Plan
from mesh.ports.open_ports import Ports, open_ports
from services.document import store as documents
from services.document.orphans import sweep
from services.video import store as videos
from services.video.orphans import GRACE_SECONDS, SCENE_SECONDS, Files

OLD = SCENE_SECONDS + 3600


@pytest.fixture
async def ports(tmp_path: Path) -> AsyncIterator[Ports]:
    found = await open_ports(Settings(data_dir=tmp_path))
    yield found
    await found.close()


async def put(ports: Ports, folder: Path, age_seconds: float, *keys: str) -> None:
    for key in keys:
        await ports.blobs.put(key, once(b"x"))
        then = time.time() - age_seconds
        os.utime(folder / "blobs" / key, (then, then))


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def there(ports: Ports) -> list[str]:
    return [key async for key in ports.blobs.list("")]


async def add_document(ports: Ports, document_id: str) -> None:
    async with ports.database.transaction() as tx:
        await documents.add_document(tx, "me", document_pb2.Document(document_id=document_id))


async def add_video(ports: Ports, video_id: str, state: video_pb2.VideoState.ValueType, *parts: str) -> None:
    video = video_pb2.Video(video_id=video_id, state=state)
    video.create_time.FromDatetime(datetime.now(UTC))
    async with ports.database.transaction() as tx:
        await videos.add_video(tx, "me", video, 60, f"videos/2026/11/21/{video_id}")
        if parts:
            await videos.add_scenes(tx, video_id, len(parts))
        for index, part in enumerate(parts):
            scene = rendering_service_pb2.RenderedScene(blob_key=part)
            await videos.save_scene(tx, video_id, index, 1, scene)


async def test_only_old_uploads_without_a_document_go(ports: Ports, tmp_path: Path) -> None:
    await put(ports, tmp_path, OLD, "uploads/kept", "uploads/killed")
    await put(ports, tmp_path, 60, "uploads/coming")
    await add_document(ports, "kept")
    for dry_run in (True, False):
        assert len(await there(ports)) == 3
        [found] = await sweep(ports.database, ports.blobs, Plan(time.time(), dry_run=dry_run))
        assert [orphan.key for orphan in found.orphans] == ["uploads/killed"]
        assert (found.checked, found.orphan_bytes, found.removed) == (3, 1, not dry_run)
    assert await there(ports) == ["uploads/coming", "uploads/kept"]


async def test_a_document_whose_upload_is_gone_is_told(ports: Ports) -> None:
    await add_document(ports, "lost")
    [found] = await sweep(ports.database, ports.blobs, Plan(time.time()))
    assert found.missing == ["uploads/lost"]


async def test_a_sweep_that_nobody_looks_on_does_not_empty_the_store(ports: Ports, tmp_path: Path) -> None:
    await put(ports, tmp_path, OLD, *(f"uploads/{number}" for number in range(30)))
    [alone] = await sweep(ports.database, ports.blobs, Plan(time.time(), alone=True))
    assert (len(alone.orphans), alone.removed, len(await there(ports))) == (30, False, 30)
    await sweep(ports.database, ports.blobs, Plan(time.time()))
    assert await there(ports) == []


async def test_files_of_videos_that_are_gone_go_and_missing_ones_are_told(
    ports: Ports, tmp_path: Path
) -> None:
    prefix = "videos/2026/11/21/"
    await add_video(ports, "shown", video_pb2.COMPLETED)
    await add_video(ports, "made", video_pb2.PROCESSING)
    await put(ports, tmp_path, OLD, *(f"{prefix}{name}.mp4" for name in ("shown", "made", "gone")))
    found, _ = await Files(ports.database, ports.blobs).sweep(Plan(time.time()))
    assert [orphan.key for orphan in found.orphans] == [f"{prefix}gone.mp4"]
    assert sorted(found.missing) == [f"{prefix}shown.png", f"{prefix}shown.vtt"]
    assert await there(ports) == [f"{prefix}made.mp4", f"{prefix}shown.mp4"]


async def test_parts_go_after_their_facts_unless_a_video_is_made_with_them(
    ports: Ports, tmp_path: Path
) -> None:
    for name, age in (("used", OLD), ("found", OLD), ("unused", OLD), ("fresh", 60)):
        await put(ports, tmp_path, age, f"scenes/{name}.mp4", f"scenes/{name}.pb")
    await put(ports, tmp_path, OLD, "scenes/half.mp4")
    await add_video(ports, "v1", video_pb2.PROCESSING, "scenes/used.mp4")
    await add_video(ports, "v2", video_pb2.COMPLETED, "scenes/unused.mp4")
    paused: list[float] = []

    async def a_worker_reports(seconds: float) -> None:
        """It had read the facts just before they went."""
        paused.append(seconds)
        assert "scenes/found.pb" not in await there(ports)
        await add_video(ports, "v3", video_pb2.PROCESSING, "scenes/found.mp4")

    _, found = await Files(ports.database, ports.blobs, a_worker_reports).sweep(Plan(time.time()))
    assert paused == [GRACE_SECONDS]
    assert found.removed
    assert await there(ports) == [
        "scenes/found.mp4",
        "scenes/fresh.mp4",
        "scenes/fresh.pb",
        "scenes/used.mp4",
        "scenes/used.pb",
    ]
