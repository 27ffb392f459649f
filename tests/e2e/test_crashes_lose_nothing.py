"""What was acknowledged survives: a worker killed in the middle of a job, and everything killed at once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import httpx2
import pytest

from mesh.config import Settings
from mesh.ports.open_blobs import open_blobs
from tests.e2e import full_system
from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, Json, ok, until, upload, upload_and_wait, wait_for_video
from tests.e2e.conftest import AnySystem
from tests.e2e.engines import real_engines

pytestmark = pytest.mark.timeout(900)


def rendering(client: httpx2.Client, video_id: str) -> bool:
    video = ok(client.get(f"/v1/videos/{video_id}"))["video"]
    return any(scene["state"] == "RENDERING" for scene in video["scenes"])


def whole(client: httpx2.Client, video: Json) -> bool:
    content = client.get(f"/v1/videos/{video['videoId']}/content")
    return content.status_code == 200 and len(content.content) == int(video["file"]["sizeBytes"])


@pytest.fixture(params=["embedded", "full"])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnySystem]:
    if request.param == "embedded":
        embedded = local.start(tmp_path)
        yield embedded
        if embedded.process.poll() is None:
            embedded.kill_everything()
        return
    engines = real_engines(request)
    with full_system.running(full_system.prepared(tmp_path, engines=engines)) as full:
        yield full


def stored(system: AnySystem, name: str) -> list[str]:
    """Kinds of the blobs whose keys hold a name."""

    async def find() -> list[str]:
        blobs = await open_blobs(Settings.from_environment(system.environment))
        return [key async for key in blobs.list("") if name in key]

    return sorted(PurePosixPath(key).suffix for key in asyncio.run(find()))


def new_video(client: httpx2.Client, document_id: str) -> str:
    body = {"documentId": document_id, "targetDuration": "30s"}
    return str(ok(client.post("/v1/videos", json=body))["video"]["videoId"])


def test_a_killed_render_worker_loses_no_scene_and_makes_one_video(system: AnySystem) -> None:
    with system.client() as client:
        document_id = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)["documentId"]
        video_id = new_video(client, document_id)
        until(lambda: rendering(client, video_id), 200)
        system.children("workers.render")[0].kill()
        video = wait_for_video(client, video_id)
        assert video["state"] == "COMPLETED", video
        assert whole(client, video)
        assert stored(system, video_id) == [".mp4", ".png", ".vtt"]
    assert system.stop() == 0


def test_everything_killed_goes_on_where_it_was(system: AnySystem) -> None:
    with system.client() as client:
        document_id = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)["documentId"]
        video_id = new_video(client, document_id)
        until(lambda: rendering(client, video_id), 200)
        queued = ok(upload(client, SAMPLE.read_bytes(), "again.pdf"))["document"]["documentId"]
        system.kill_everything()
    system.again()
    with system.client() as client:
        video = wait_for_video(client, video_id)
        assert video["state"] == "COMPLETED", video
        assert whole(client, video)
        until(lambda: ok(client.get(f"/v1/documents/{queued}"))["document"]["state"] == "READY", 200)
        found = ok(client.get("/v1/search", params={"query": "again", "kinds": "DOCUMENT"}))["hits"]
        assert queued in [hit["id"] for hit in found]
    assert system.stop() == 0


def test_nothing_runs_on_after_a_stop(system: AnySystem) -> None:
    workers = [*system.children("workers."), *system.children("envoy")]
    assert len(workers) >= 4
    assert system.stop() == 0
    assert not [worker for worker in workers if worker.is_running()]
    assert list((system.folder / "data").glob("work/*")) == []
