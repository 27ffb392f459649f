"""The render worker between queues, blobs and service: each part rendered once, each failure told."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mootion.document.v1 import document_service_pb2
from mootion.video.v1 import rendering_service_pb2 as messages
from mootion.video.v1 import script_pb2, video_pb2, video_service_pb2

from mesh import context
from mesh.testing import Running, running
from services.document.__main__ import build as documents
from services.video.__main__ import build as videos_build
from tests.integration.document.library import library, ready
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.video.lessons import (
    FILE,
    REPLIES,
    SCRIPT,
    get,
    planned,
    start_scene,
    stitch_job,
    videos,
)
from tests.integration.workers.leases import held
from workers.render import consumer as rendering
from workers.render.consumer import RenderConsumer
from workers.render.errors import SceneInvalidError
from workers.render.part import RenderedPart
from workers.render.stitch import Stitched


@dataclass
class FakeRenderer:
    """Writes a few bytes for each scene and remembers which it was asked for."""

    served: Running
    failure: Exception | None = None
    rendered: list[str] = field(default_factory=list)

    def render(
        self,
        scene: script_pb2.Scene,
        resolution: video_pb2.Resolution.ValueType,
        language: str,
        folder: Path,
    ) -> RenderedPart:
        self.rendered.append(scene.scene_id)
        if self.failure is not None:
            raise self.failure
        path = folder / "part.mp4"
        path.write_bytes(scene.title.encode())
        return RenderedPart(path, scene.scene_id, scene.title, 2.0, [], [])


@pytest.fixture
async def served() -> AsyncIterator[Running]:
    async with running(documents, videos_build, ScriptedLlm(dict(REPLIES)).build) as found:
        yield found


@pytest.fixture
def renderer(served: Running, monkeypatch: pytest.MonkeyPatch) -> FakeRenderer:
    made = FakeRenderer(served)
    monkeypatch.setattr(rendering, "render_scene", made.render)
    return made


@pytest.fixture
async def video(served: Running) -> video_pb2.Video:
    return await planned(served, (await ready(served)).document_id)


@pytest.fixture
def worker(served: Running, tmp_path: Path) -> RenderConsumer:
    return RenderConsumer(served.runtime, tmp_path)


async def work(worker: RenderConsumer, video: video_pb2.Video, index: int, token: int = 1) -> None:
    job = messages.RenderSceneJob(
        video_id=video.video_id, scene_index=index, scene=SCRIPT.scenes[index], resolution=video.resolution
    )
    with context.working_as("render-worker"):
        await worker.handle_scene(held(job, token))


async def stored(served: Running) -> list[str]:
    return sorted([key async for key in served.runtime.blobs.list("scenes/")])


async def cancel(served: Running, video: video_pb2.Video) -> None:
    await videos(served).CancelVideo(video_service_pb2.CancelVideoRequest(video_id=video.video_id))


async def test_a_scene_is_rendered_stored_and_told(
    served: Running, renderer: FakeRenderer, worker: RenderConsumer, video: video_pb2.Video
) -> None:
    await work(worker, video, 1)
    facts, part = [key for suffix in (".pb", ".mp4") for key in await stored(served) if key.endswith(suffix)]
    assert facts.removesuffix(".pb") == part.removesuffix(".mp4")
    assert await served.runtime.blobs.read(part) == b"Scene 1"
    assert (await get(served, video.video_id)).scenes[1].state == video_pb2.RENDERED


async def test_an_equal_scene_is_rendered_once_for_all_videos(
    served: Running, renderer: FakeRenderer, worker: RenderConsumer, video: video_pb2.Video
) -> None:
    other = await planned(served, video.document_id)
    for each in (video, other, video):
        await work(worker, each, 0)
    assert renderer.rendered == ["s0"]
    assert (await get(served, other.video_id)).scenes[0].state == video_pb2.RENDERED


async def test_a_part_whose_bytes_are_gone_is_rendered_again(
    served: Running, renderer: FakeRenderer, worker: RenderConsumer, video: video_pb2.Video
) -> None:
    await work(worker, video, 0)
    part = next(key for key in await stored(served) if key.endswith(".mp4"))
    await served.runtime.blobs.delete(part)
    await work(worker, video, 0, token=2)
    assert renderer.rendered == ["s0", "s0"]
    assert await served.runtime.blobs.exists(part)


async def test_facts_are_stored_only_after_the_part(
    served: Running,
    renderer: FakeRenderer,
    worker: RenderConsumer,
    video: video_pb2.Video,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(key: str, path: Path) -> None:
        raise OSError("no room")

    monkeypatch.setattr(served.runtime.blobs, "put_file", broken)
    with pytest.raises(OSError, match="no room"):
        await work(worker, video, 0)
    assert await stored(served) == []
    monkeypatch.undo()
    monkeypatch.setattr(rendering, "render_scene", renderer.render)
    await work(worker, video, 0)
    assert len(await stored(served)) == 2


async def test_a_scene_that_cannot_be_rendered_fails_the_video_with_its_reason(
    served: Running, renderer: FakeRenderer, worker: RenderConsumer, video: video_pb2.Video
) -> None:
    renderer.failure = SceneInvalidError("The plot is not a formula.")
    await work(worker, video, 0)
    failed = await get(served, video.video_id)
    assert (failed.state, failed.failure.reason) == (video_pb2.FAILED, "RENDER_FAILED")
    assert failed.failure.message == "The plot is not a formula."
    renderer.failure = None
    await work(worker, video, 1)
    assert renderer.rendered == ["s0"]


async def test_scenes_of_cancelled_deleted_and_taken_videos_are_not_rendered(
    served: Running, renderer: FakeRenderer, worker: RenderConsumer, video: video_pb2.Video
) -> None:
    await start_scene(served, video.video_id, 0, token=3)
    await work(worker, video, 0, token=2)
    await cancel(served, video)
    await work(worker, video, 1)
    request = document_service_pb2.DeleteDocumentRequest(document_id=video.document_id)
    await library(served).DeleteDocument(request)
    assert await served.runtime.events.wait_until_handled("video", 60)
    await work(worker, video, 2)
    assert renderer.rendered == []


async def test_the_files_of_a_lesson_are_stored_and_the_video_completed(
    served: Running,
    renderer: FakeRenderer,
    worker: RenderConsumer,
    video: video_pb2.Video,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rendering, "stitch", joined)
    for index in range(len(SCRIPT.scenes)):
        await work(worker, video, index)
    job = await stitch_job(served)
    with context.working_as("render-worker"):
        await worker.handle_stitch(held(job))
    assert (await get(served, video.video_id)).state == video_pb2.COMPLETED
    assert await served.runtime.blobs.read(f"{job.blob_prefix}.mp4") == b"Scene 0Scene 1Scene 2"
    assert list(worker.workspace.iterdir()) == []


async def test_files_of_a_video_deleted_while_it_was_joined_are_removed(
    served: Running,
    renderer: FakeRenderer,
    worker: RenderConsumer,
    video: video_pb2.Video,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rendering, "stitch", joined)
    for index in range(len(SCRIPT.scenes)):
        await work(worker, video, index)
    job = await stitch_job(served)
    await videos(served).DeleteVideo(video_service_pb2.DeleteVideoRequest(video_id=video.video_id))
    with context.working_as("render-worker"):
        await worker.handle_stitch(held(job))
    assert [key async for key in served.runtime.blobs.list("videos/")] == []


def joined(parts: Sequence[RenderedPart], title: str, folder: Path) -> Stitched:
    paths = [folder / name for name in ("lesson.mp4", "lesson.vtt", "lesson.png")]
    for path in paths:
        path.write_bytes(b"".join(part.path.read_bytes() for part in parts))
    return Stitched(paths[0], paths[1], paths[2], [], [], "", 6.0, FILE)
