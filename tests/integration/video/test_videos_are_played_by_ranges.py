"""The content of a video over gRPC and HTTP: exact bytes, counted views, and errors as status."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.video.v1 import video_pb2
from mootion.video.v1 import video_service_pb2 as messages

from mesh.testing import Running, running
from services.document.__main__ import build as documents
from services.video.__main__ import build
from tests.integration.document.library import ready
from tests.integration.document.refusals import refused
from tests.integration.document.scripted_llm import ScriptedLlm
from tests.integration.video.lessons import MP4, REPLIES, completed, get, planned, videos

SIZE = len(MP4)
ETAG = '"c0ffee"'


@pytest.fixture
async def served() -> AsyncIterator[Running]:
    async with running(documents, build, ScriptedLlm(dict(REPLIES)).build) as found:
        yield found


@pytest.fixture
async def client(served: Running) -> AsyncIterator[httpx2.AsyncClient]:
    settings = served.runtime.settings
    address = f"http://{settings.bind_host}:{settings.media_port}"

    async def sign(request: httpx2.Request) -> None:
        principal = request.headers.get("mootion-principal", "tester")
        request.headers.update(served.signed(request.url.path, principal=principal))

    async with httpx2.AsyncClient(base_url=address, event_hooks={"request": [sign]}) as made:
        yield made


@pytest.fixture
async def video(served: Running) -> video_pb2.Video:
    return await completed(served, (await ready(served)).document_id)


def path(video: video_pb2.Video) -> str:
    return f"/v1/videos/{video.video_id}/content"


async def test_the_whole_file_is_sent_without_a_range(
    client: httpx2.AsyncClient, video: video_pb2.Video
) -> None:
    reply = await client.get(path(video))
    assert (reply.status_code, reply.content) == (200, MP4)
    assert (reply.headers["etag"], reply.headers["accept-ranges"]) == (ETAG, "bytes")
    assert reply.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-299", 100, 300),
        ("bytes=2000-", 2000, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
    ],
)
async def test_a_range_is_sent_to_the_byte(
    client: httpx2.AsyncClient, video: video_pb2.Video, wanted: str, start: int, end: int
) -> None:
    reply = await client.get(path(video), headers={"range": wanted})
    assert (reply.status_code, reply.content) == (206, MP4[start:end])
    assert reply.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert reply.headers["content-length"] == str(end - start)


async def test_a_range_behind_the_end_is_refused_with_the_size(
    client: httpx2.AsyncClient, video: video_pb2.Video
) -> None:
    reply = await client.get(path(video), headers={"range": f"bytes={SIZE}-"})
    assert (reply.status_code, reply.headers["content-range"]) == (416, f"bytes */{SIZE}")
    told = reply.json()
    assert (told["code"], told["details"][0]["reason"]) == (11, "INVALID_FIELD")


@pytest.mark.parametrize("wanted", ["bytes=9-1", "lines=1-2", "bytes=" + "9" * 5000 + "-", "bytes=a-b"])
async def test_what_is_no_range_gets_the_whole_file(
    client: httpx2.AsyncClient, video: video_pb2.Video, wanted: str
) -> None:
    reply = await client.get(path(video), headers={"range": wanted})
    assert (reply.status_code, len(reply.content)) == (200, SIZE)


@pytest.mark.parametrize(("version", "status"), [(ETAG, 206), ('"older"', 200)])
async def test_a_range_meant_for_another_version_gets_the_whole_file(
    client: httpx2.AsyncClient, video: video_pb2.Video, version: str, status: int
) -> None:
    reply = await client.get(path(video), headers={"range": "bytes=0-9", "if-range": version})
    assert (reply.status_code, len(reply.content)) == (status, 10 if status == 206 else SIZE)


async def test_a_player_that_has_this_version_is_sent_nothing(
    client: httpx2.AsyncClient, video: video_pb2.Video
) -> None:
    reply = await client.get(path(video), headers={"if-none-match": ETAG})
    assert (reply.status_code, reply.content) == (304, b"")


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-9"}])
async def test_head_tells_the_size_of_the_whole_and_is_no_view(
    served: Running, client: httpx2.AsyncClient, video: video_pb2.Video, headers: dict[str, str]
) -> None:
    reply = await client.head(path(video), headers=headers)
    assert (reply.status_code, reply.headers["content-length"], reply.content) == (200, str(SIZE), b"")
    assert (await get(served, video.video_id)).view_count == 0


async def test_views_are_counted_from_the_beginning_only(
    served: Running, client: httpx2.AsyncClient, video: video_pb2.Video
) -> None:
    for wanted in ("bytes=0-", "bytes=100-", "bytes=0-99", "bytes=-1"):
        await client.get(path(video), headers={"range": wanted})
    seen = await get(served, video.video_id)
    assert (seen.view_count, seen.sequence) == (2, video.sequence)
    assert seen.HasField("last_view_time")


async def test_a_missing_video_and_one_in_the_making_are_told_as_status(
    served: Running, client: httpx2.AsyncClient
) -> None:
    reply = await client.get("/v1/videos/nothing/content")
    details = reply.json()["details"]
    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/json")
    assert "NOT_FOUND" in [detail.get("reason") for detail in details]
    making = await planned(served, (await ready(served)).document_id)
    reply = await client.get(path(making))
    assert (reply.status_code, reply.json()["code"]) == (400, 9)


async def test_anothers_video_is_missing_over_http_too(
    client: httpx2.AsyncClient, video: video_pb2.Video
) -> None:
    reply = await client.get(path(video), headers={"mootion-principal": "somebody"})
    assert reply.status_code == 404


async def test_ranges_captions_and_picture_are_the_same_over_grpc(
    served: Running, video: video_pb2.Video
) -> None:
    client, video_id = videos(served), video.video_id
    request = messages.GetVideoContentRequest(video_id=video_id, offset=10, length=20)
    parts = [part.content.data async for part in client.GetVideoContent(request)]
    assert b"".join(parts) == MP4[10:30]
    captions = await client.GetVideoCaptions(messages.GetVideoCaptionsRequest(video_id=video_id))
    assert captions.captions.data.startswith(b"WEBVTT")
    picture = await client.GetVideoThumbnail(messages.GetVideoThumbnailRequest(video_id=video_id))
    assert picture.thumbnail.content_type == "image/png"


async def test_files_that_went_while_they_were_asked_for_are_missing(
    served: Running, video: video_pb2.Video
) -> None:
    await served.runtime.blobs.delete_prefix("videos/")
    client, video_id = videos(served), video.video_id
    with refused(reason_pb2.REASON_NOT_FOUND):
        async for _ in client.GetVideoContent(messages.GetVideoContentRequest(video_id=video_id)):
            pass
    with refused(reason_pb2.REASON_NOT_FOUND):
        await client.GetVideoCaptions(messages.GetVideoCaptionsRequest(video_id=video_id))


async def test_videos_are_found_by_tag_and_archived_ones_when_asked_for(
    served: Running, video: video_pb2.Video
) -> None:
    client = videos(served)
    tags = messages.TagList(tags=["exam", "exam", "waves"])
    await client.UpdateVideo(messages.UpdateVideoRequest(video_id=video.video_id, tags=tags))
    tagged = await client.ListVideos(messages.ListVideosRequest(tag="exam"))
    assert [list(each.tags) for each in tagged.videos] == [["exam", "waves"]]
    assert not (await client.ListVideos(messages.ListVideosRequest(tag="exa"))).videos
    await client.UpdateVideo(messages.UpdateVideoRequest(video_id=video.video_id, archived=True))
    assert not (await client.ListVideos(messages.ListVideosRequest())).videos
    assert (await client.ListVideos(messages.ListVideosRequest(include_archived=True))).videos
