"""Two services and a media endpoint, just enough of each to see what the edge makes of them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import uvicorn
from google.api import httpbody_pb2
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from mootion.document.v1 import (
    document_pb2,
    document_service_pb2,
    document_service_pb2_grpc,
    processing_service_pb2,
    processing_service_pb2_grpc,
)
from mootion.search.v1 import search_service_pb2, search_service_pb2_grpc
from mootion.video.v1 import video_pb2, video_service_pb2, video_service_pb2_grpc
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mesh import policy

VIDEO = bytes(range(256)) * 4096
Context = grpc.aio.ServicerContext[object, object]


class Documents(document_service_pb2_grpc.DocumentServiceServicer):
    """Remembers what it was called with, so that tests see what the edge let through."""

    def __init__(self) -> None:
        self.metadata: dict[str, str] = {}
        self.upload_started = asyncio.Event()
        self.watch_step = asyncio.Event()

    async def UploadDocument(
        self,
        request_iterator: AsyncIterator[document_service_pb2.UploadDocumentRequest],
        context: Context,
    ) -> document_service_pb2.UploadDocumentResponse:
        digest, size, name, content_type = hashlib.sha256(), 0, "", ""
        async for request in request_iterator:
            self.upload_started.set()
            name, content_type = name or request.filename, content_type or request.content.content_type
            digest.update(request.content.data)
            size += len(request.content.data)
        document = document_pb2.Document(
            document_id="d1",
            filename=name,
            title=content_type,
            size_bytes=size,
            version_hash=digest.hexdigest(),
            state=document_pb2.UPLOADED,
        )
        return document_service_pb2.UploadDocumentResponse(document=document)

    async def GetDocument(
        self, request: document_service_pb2.GetDocumentRequest, context: Context
    ) -> document_service_pb2.GetDocumentResponse:
        self.metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}
        await _refuse_missing(request.document_id, context)
        return document_service_pb2.GetDocumentResponse(document=_document(request.document_id, 1))

    async def ListDocuments(
        self, request: document_service_pb2.ListDocumentsRequest, context: Context
    ) -> document_service_pb2.ListDocumentsResponse:
        documents = [_document(f"d{number}", number) for number in range(request.page_size)]
        return document_service_pb2.ListDocumentsResponse(
            documents=documents, next_page_token=request.page_token
        )

    async def ListPassages(
        self, request: document_service_pb2.ListPassagesRequest, context: Context
    ) -> document_service_pb2.ListPassagesResponse:
        passages = [
            document_pb2.Passage(passage_id=str(number), text="x" * 20_000)
            for number in range(request.page_size)
        ]
        return document_service_pb2.ListPassagesResponse(passages=passages)

    async def WatchDocument(
        self, request: document_service_pb2.WatchDocumentRequest, context: Context
    ) -> AsyncIterator[document_service_pb2.WatchDocumentResponse]:
        await _refuse_missing(request.document_id, context)
        for sequence in range(request.after_sequence + 1, 4):
            yield document_service_pb2.WatchDocumentResponse(
                document=_document(request.document_id, sequence)
            )
            await self.watch_step.wait()
            self.watch_step.clear()


class Processing(processing_service_pb2_grpc.DocumentProcessingServiceServicer):
    async def ReportProgress(
        self, request: processing_service_pb2.ReportProgressRequest, context: Context
    ) -> processing_service_pb2.ReportProgressResponse:
        return processing_service_pb2.ReportProgressResponse(cancelled=True)


class Videos(video_service_pb2_grpc.VideoServiceServicer):
    async def CreateVideo(
        self, request: video_service_pb2.CreateVideoRequest, context: Context
    ) -> video_service_pb2.CreateVideoResponse:
        video = video_pb2.Video(
            video_id=request.document_id,
            title=request.topic,
            resolution=request.resolution,
            tags=request.tags,
        )
        return video_service_pb2.CreateVideoResponse(video=video)

    async def GetVideoCaptions(
        self, request: video_service_pb2.GetVideoCaptionsRequest, context: Context
    ) -> video_service_pb2.GetVideoCaptionsResponse:
        captions = httpbody_pb2.HttpBody(content_type="text/vtt", data=b"WEBVTT\n")
        return video_service_pb2.GetVideoCaptionsResponse(captions=captions)


class Searches(search_service_pb2_grpc.SearchServiceServicer):
    async def Suggest(
        self, request: search_service_pb2.SuggestRequest, context: Context
    ) -> search_service_pb2.SuggestResponse:
        """Never in time: its deadline is two seconds."""
        await asyncio.sleep(30)
        return search_service_pb2.SuggestResponse()


def _document(identifier: str, sequence: int) -> document_pb2.Document:
    return document_pb2.Document(
        document_id=identifier, sequence=sequence, state=document_pb2.PROCESSING, title="Waves"
    )


async def _refuse_missing(identifier: str, context: Context) -> None:
    if identifier != "missing":
        return
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason="NOT_FOUND", domain="mootion"))
    status = status_pb2.Status(
        code=code_pb2.NOT_FOUND, message="There is no such document.", details=[detail]
    )
    await context.abort_with_status(rpc_status.to_status(status))


async def _content(request: Request) -> Response:
    if request.path_params["video_id"] == "missing":
        return Response(status_code=404, content=b'{"code":5}', media_type="application/json")
    requested = request.headers.get("range")
    if requested is None:
        headers = {"accept-ranges": "bytes", "cache-control": "private"}
        return Response(VIDEO, media_type="video/mp4", headers=headers)
    first, last = (int(number) for number in requested.removeprefix("bytes=").split("-"))
    return Response(
        VIDEO[first : last + 1],
        status_code=206,
        media_type="video/mp4",
        headers={"content-range": f"bytes {first}-{last}/{len(VIDEO)}"},
    )


@asynccontextmanager
async def serving(documents: Documents, grpc_port: int, media_port: int) -> AsyncIterator[grpc.aio.Server]:
    """Serves on loopback while the block lasts."""
    server = grpc.aio.server()
    document_service_pb2_grpc.add_DocumentServiceServicer_to_server(documents, server)
    processing_service_pb2_grpc.add_DocumentProcessingServiceServicer_to_server(Processing(), server)  # type: ignore[abstract]
    video_service_pb2_grpc.add_VideoServiceServicer_to_server(Videos(), server)  # type: ignore[abstract]
    search_service_pb2_grpc.add_SearchServiceServicer_to_server(Searches(), server)  # type: ignore[abstract]
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    for service in policy.all_services():
        await checks.set(service.full_name, health_pb2.HealthCheckResponse.SERVING)
    server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    await server.start()
    async with _media(media_port):
        yield server
    await server.stop(None)


@asynccontextmanager
async def _media(port: int) -> AsyncIterator[None]:
    routes = [Route("/v1/videos/{video_id}/content", _content), Route("/healthz", lambda _: Response())]
    app = Starlette(routes=routes)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    media = uvicorn.Server(config)
    config.load()
    media.lifespan = config.lifespan_class(config)
    await media.startup()
    task = asyncio.create_task(media.main_loop())
    yield
    media.should_exit = True
    await task
