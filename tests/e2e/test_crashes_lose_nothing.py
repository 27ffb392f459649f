"""What was acknowledged survives: a worker killed in the middle of a job, and everything killed at once."""

from pathlib import Path

import httpx2
import pytest

from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, Json, ok, until, upload, upload_and_wait, wait_for_video


def rendering(client: httpx2.Client, video_id: str) -> bool:
    video = ok(client.get(f"/v1/videos/{video_id}"))["video"]
    return any(scene["state"] == "RENDERING" for scene in video["scenes"])


def whole(client: httpx2.Client, video: Json) -> bool:
    content = client.get(f"/v1/videos/{video['videoId']}/content")
    return content.status_code == 200 and len(content.content) == int(video["file"]["sizeBytes"])


@pytest.fixture
def system(tmp_path: Path) -> local.LocalSystem:
    return local.start(tmp_path)


def new_video(client: httpx2.Client, document_id: str) -> str:
    body = {"documentId": document_id, "targetDuration": "30s"}
    return str(ok(client.post("/v1/videos", json=body))["video"]["videoId"])


def test_a_killed_render_worker_loses_no_scene_and_makes_one_video(system: local.LocalSystem) -> None:
    with system.client() as client:
        document_id = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)["documentId"]
        video_id = new_video(client, document_id)
        until(lambda: rendering(client, video_id), 60)
        system.children("workers.render")[0].kill()
        video = wait_for_video(client, video_id)
        assert video["state"] == "COMPLETED", video
        assert whole(client, video)
        files = [path for path in (system.folder / "data" / "blobs").rglob(f"*{video_id}*") if path.is_file()]
        assert sorted(path.suffix for path in files) == [".mp4", ".png", ".vtt"]
    assert system.stop() == 0


def test_everything_killed_goes_on_where_it_was(system: local.LocalSystem) -> None:
    with system.client() as client:
        document_id = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)["documentId"]
        video_id = new_video(client, document_id)
        until(lambda: rendering(client, video_id), 60)
        queued = ok(upload(client, SAMPLE.read_bytes(), "again.pdf"))["document"]["documentId"]
        system.kill_everything()
    system = local.start_again(system.environment, system.folder)
    with system.client() as client:
        video = wait_for_video(client, video_id)
        assert video["state"] == "COMPLETED", video
        assert whole(client, video)
        until(lambda: ok(client.get(f"/v1/documents/{queued}"))["document"]["state"] == "READY", 60)
        found = ok(client.get("/v1/search", params={"query": "again", "kinds": "DOCUMENT"}))["hits"]
        assert queued in [hit["id"] for hit in found]
    assert system.stop() == 0


def test_nothing_runs_on_after_a_stop(system: local.LocalSystem) -> None:
    workers = [*system.children("workers."), *system.children("envoy")]
    assert len(workers) >= 4
    assert system.stop() == 0
    assert not [worker for worker in workers if worker.is_running()]
    assert list((system.folder / "data").glob("work/*")) == []
