"""With a bucket and MOOTION_MEDIA_REDIRECT=on a player gets the bytes from the store itself."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from mootion.video.v1 import video_pb2

from mesh.config import Settings
from mesh.testing import Running, running
from services.document.__main__ import build as documents
from services.video.__main__ import build
from tests.integration.document.library import ready
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.video.lessons import MP4, REPLIES, completed, get


@pytest.fixture
async def served(s3_settings: Settings) -> AsyncIterator[Running]:
    overrides: dict[str, Any] = {
        "blob_url": s3_settings.blob_url,
        "aws_access_key_id": s3_settings.aws_access_key_id,
        "aws_secret_access_key": s3_settings.aws_secret_access_key,
        "media_redirect": True,
    }
    async with running(documents, build, ScriptedLlm(dict(REPLIES)).build, **overrides) as found:
        yield found


@pytest.fixture
async def video(served: Running) -> video_pb2.Video:
    return await completed(served, (await ready(served)).document_id)


def address(served: Running, video: video_pb2.Video) -> str:
    settings = served.runtime.settings
    return f"http://{settings.bind_host}:{settings.media_port}/v1/videos/{video.video_id}/content"


def learner(served: Running, video: video_pb2.Video, name: str = "tester") -> dict[str, str]:
    return served.signed(f"/v1/videos/{video.video_id}/content", principal=name)


async def test_a_player_is_sent_to_the_store_and_seeks_there(served: Running, video: video_pb2.Video) -> None:
    async with httpx2.AsyncClient() as client:
        sent = await client.get(
            address(served, video), headers=learner(served, video) | {"range": "bytes=100-299"}
        )
        assert (sent.status_code, sent.headers["cache-control"]) == (307, "no-store")
        part = await client.get(sent.headers["location"], headers={"range": "bytes=100-299"})
        whole = await client.get(sent.headers["location"])
    assert (part.status_code, part.content) == (206, MP4[100:300])
    assert (whole.status_code, whole.content) == (200, MP4)
    assert whole.headers["content-type"] == "video/mp4"


async def test_only_who_may_see_the_video_is_sent_there(served: Running, video: video_pb2.Video) -> None:
    async with httpx2.AsyncClient() as client:
        refused = await client.get(address(served, video), headers=learner(served, video, "somebody-else"))
    assert refused.status_code == 404
    assert "location" not in refused.headers


async def test_a_view_is_counted_where_playing_begins(served: Running, video: video_pb2.Video) -> None:
    async with httpx2.AsyncClient() as client:
        await client.get(address(served, video), headers=learner(served, video))
        await client.get(address(served, video), headers=learner(served, video) | {"range": "bytes=100-"})
    assert (await get(served, video.video_id)).view_count == 1


async def test_a_file_that_the_player_has_is_not_sent_again(served: Running, video: video_pb2.Video) -> None:
    async with httpx2.AsyncClient() as client:
        headers = learner(served, video) | {"if-none-match": '"c0ffee"'}
        assert (await client.get(address(served, video), headers=headers)).status_code == 304
