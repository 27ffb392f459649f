"""Lessons of many scenes, and documents of many lessons, cost as many statements as small ones."""

from collections.abc import AsyncIterator

import pytest
from mootion.document.v1 import document_service_pb2
from mootion.llm.v1 import llm_service_pb2
from mootion.video.v1 import script_pb2, video_pb2
from mootion.video.v1 import video_service_pb2 as messages
from sqlalchemy import func, select

from mesh.testing import Running, running
from services.document.__main__ import build as documents
from services.video import store
from services.video.__main__ import build
from tests.integration.document.counting import Counts, counting
from tests.integration.document.library import library, ready
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.document.waiting import until
from tests.integration.video.lessons import complete_scene, get, start_scene, videos

Counted = tuple[Running, Counts, ScriptedLlm]


@pytest.fixture
async def counted() -> AsyncIterator[Counted]:
    llm = ScriptedLlm()
    with counting() as counts:
        async with running(documents, build, llm.build) as served:
            yield served, counts, llm


def script(scenes: int) -> llm_service_pb2.WriteScriptResponse:
    """A lesson of so many scenes."""
    made = [script_pb2.Scene(scene_id=f"s{number}", title=f"Scene {number}") for number in range(scenes)]
    return llm_service_pb2.WriteScriptResponse(script=script_pb2.LessonScript(title="Waves", scenes=made))


async def planned(served: Running, document_id: str) -> str:
    """The id of a new video whose script is written. Nobody watches it: a watcher looks at the row too."""
    request = messages.CreateVideoRequest(document_id=document_id)
    video_id = (await videos(served).CreateVideo(request)).video.video_id

    async def is_planned() -> bool:
        return (await get(served, video_id)).state == video_pb2.PROCESSING

    await until(is_planned)
    return video_id


async def filled(served: Running, document_id: str, count: int) -> None:
    """Gives a document so many videos."""
    async with served.runtime.database.transaction() as tx:
        for number in range(count):
            video_id = f"{document_id[-20:]}-{number}"
            video = video_pb2.Video(video_id=video_id, document_id=document_id, tags=["a", "b"])
            await store.add_video(tx, "tester", video, 75, f"videos/{video_id}")
            await store.add_scenes(tx, video_id, 2)


async def test_a_scene_is_reported_by_as_many_statements_whatever_the_lesson_holds(counted: Counted) -> None:
    served, counts, llm = counted
    document_id, seen = (await ready(served)).document_id, []
    for scenes in (3, 30):
        llm.replies["WriteScript"] = script(scenes)
        video_id = await planned(served, document_id)
        started = await counts.statements_of(start_scene(served, video_id, 1))
        stored = await counts.statements_of(complete_scene(served, video_id, 1))
        rest = [number for number in range(scenes) if number != 1]
        for index in rest[:-1]:
            await complete_scene(served, video_id, index)
        last = await counts.statements_of(complete_scene(served, video_id, rest[-1]))
        seen.append((started, stored, last))
    # Two rows read and two written; the last scene reads all parts and queues the joining of them.
    assert seen == [(4, 4, 6)] * 2


async def test_a_look_at_a_watched_video_is_one_statement(counted: Counted) -> None:
    served, counts, llm = counted
    llm.replies["WriteScript"] = script(30)
    video_id = await planned(served, (await ready(served)).document_id)
    await videos(served).CancelVideo(messages.CancelVideoRequest(video_id=video_id))

    async def watched() -> None:
        async for _reply in videos(served).WatchVideo(messages.WatchVideoRequest(video_id=video_id)):
            pass

    assert await counts.statements_of(watched()) == 1


@pytest.mark.parametrize("count", [1, 50])
async def test_a_list_of_videos_is_one_statement(counted: Counted, count: int) -> None:
    served, counts, _ = counted
    await filled(served, "d", count)
    request = messages.ListVideosRequest(page_size=100)
    assert await counts.statements_of(videos(served).ListVideos(request)) == 1


async def test_videos_of_a_document_are_deleted_a_hundred_at_a_time(counted: Counted) -> None:
    served, counts, _ = counted
    seen = []
    for count in (1, 50, 130):
        document_id = (await ready(served)).document_id
        await filled(served, document_id, count)
        seen.append(await counts.statements_of(deleted(served, document_id)))
    # Rows, tags, scenes, videos and events of a hundred are five statements.
    assert seen == [seen[0], seen[0], seen[0] + 5]
    async with served.runtime.database.reading() as reader:
        for table in (store.videos, store.scenes, store.tags):
            assert (await reader.execute(select(func.count()).select_from(table))).scalar_one() == 0


async def deleted(served: Running, document_id: str) -> None:
    """Deletes a document and waits until its videos and their files are gone too."""
    request = document_service_pb2.DeleteDocumentRequest(document_id=document_id)
    await library(served).DeleteDocument(request)
    for _round in range(2):
        assert await served.runtime.events.wait_until_handled("video", 60)
