"""The content of videos over HTTP, with byte ranges (RFC 9110, section 14) so that players can seek."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
from mootion.errors.v1 import reason_pb2
from mootion.video.v1 import video_pb2, video_service_pb2
from mootion.video.v1.video_service_pb2_grpc import VideoServiceStub
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route, Router

from mesh.errors import CallError, Violation
from mesh.runtime import Runtime
from services.video import store
from services.video.lifecycle import require_completed
from services.video.views import count_view

# No file has more than 18 digits of bytes; a longer number is no range that is served.
ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)

CONTENT_SUFFIX = ".mp4"
# A redirected player keeps the address while it seeks and pauses.
SIGNED_SECONDS = 3600.0


@dataclass(frozen=True)
class Span:
    """Bytes from `start` to just before `end`."""

    start: int
    end: int


class UnsatisfiableRange(ValueError):
    """No byte of the range is in the file."""


def requested_span(header: str, size: int) -> Span | None:
    """What a Range header asks for; None where the whole file is to be sent, as for several ranges or no header.

    Raises:
        UnsatisfiableRange: no byte of the range is in the file.
    """
    match = ONE_RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return None
    if start >= end:
        raise UnsatisfiableRange(header)
    return Span(start, end)


@dataclass(frozen=True)
class Media:
    """Reads videos through the video service, so that its rules hold here too."""

    runtime: Runtime

    async def content(self, request: Request) -> Response:
        """The MP4 file or a range of it; with `MOOTION_MEDIA_REDIRECT`, where the blob store gives it out."""
        video_id = request.path_params["video_id"]
        stub = self.runtime.channels.stub(VideoServiceStub, "video")
        video = (await stub.GetVideo(video_service_pb2.GetVideoRequest(video_id=video_id))).video
        require_completed(video)
        headers = _headers(video)
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        try:
            span = requested_span(_range(request, headers["etag"]), video.file.size_bytes)
        except UnsatisfiableRange:
            raise _outside(video.file.size_bytes) from None
        if request.method == "GET" and (url := await self._signed_url(video.video_id)):
            if span is None or span.start == 0:
                await count_view(self.runtime, video.video_id)
            return RedirectResponse(url, status_code=307, headers={"cache-control": "no-store"})
        return self._reply(request, video, span, headers)

    async def _signed_url(self, video_id: str) -> str | None:
        """Where the blob store itself gives the file out, if it does and is to."""
        if not self.runtime.settings.media_redirect:
            return None
        async with self.runtime.database.reading() as reader:
            stored = await store.find(reader, video_id)
        if stored is None:
            return None
        return await self.runtime.blobs.signed_url(stored.blob_prefix + CONTENT_SUFFIX, SIGNED_SECONDS)

    def _reply(
        self, request: Request, video: video_pb2.Video, span: Span | None, headers: dict[str, str]
    ) -> Response:
        size = video.file.size_bytes
        sent = span or Span(0, size)
        headers["content-length"] = str(sent.end - sent.start)
        if span is not None:
            headers["content-range"] = f"bytes {sent.start}-{sent.end - 1}/{size}"
        status = 200 if span is None else 206
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        body = self._chunks(video.video_id, sent)
        return StreamingResponse(body, status_code=status, headers=headers)

    async def _chunks(self, video_id: str, span: Span) -> AsyncIterator[bytes]:
        stub = self.runtime.channels.stub(VideoServiceStub, "video")
        request = video_service_pb2.GetVideoContentRequest(
            video_id=video_id, offset=span.start, length=span.end - span.start
        )
        async for part in stub.GetVideoContent(request):
            yield part.content.data


def _range(request: Request, etag: str) -> str:
    """The Range header of a GET, unless If-Range says that it was meant for another version. For other methods it has
    no meaning (RFC 9110, section 14.2)."""
    if request.method != "GET":
        return ""
    wanted_version = request.headers.get("if-range", etag)
    return request.headers.get("range", "") if wanted_version == etag else ""


def _outside(size: int) -> CallError:
    """416 over HTTP, with the size of the file (RFC 9110, section 15.5.17)."""
    problem = f"no byte of it is in the file, which has {size} bytes"
    return CallError(
        grpc.StatusCode.OUT_OF_RANGE,
        reason_pb2.REASON_INVALID_FIELD,
        f"Range: {problem}",
        violations=[Violation("Range", problem)],
        headers={"content-range": f"bytes */{size}"},
    )


def _headers(video: video_pb2.Video) -> dict[str, str]:
    return {
        "content-type": "video/mp4",
        "accept-ranges": "bytes",
        "etag": f'"{video.file.content_hash}"',
        "cache-control": "private, max-age=3600",
    }


def application(runtime: Runtime) -> Router:
    """The HTTP application of the video service. Its errors go on to the server, which answers for all of them."""
    route = Route("/v1/videos/{video_id}/content", Media(runtime).content, methods=["GET", "HEAD"])
    return Router(routes=[route])
