"""What P2 measures: in a process of their own, as `mootion up` has them, services with every interceptor, the identity
service and the rate-limit service."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.queues import Queue
from pathlib import Path

import grpc
from mootion.document.v1 import document_pb2, document_service_pb2, document_service_pb2_grpc
from mootion.search.v1 import search_service_pb2, search_service_pb2_grpc

from gateway.limiter import Limiter
from gateway.rate_limit_service import rate_limit_service
from mesh.config import Settings
from mesh.counted import Counted
from mesh.policy import all_methods
from mesh.ports.limits import Taken
from mesh.runtime import Runtime, open_runtime
from mesh.server import serve
from mesh.service import Parts, Servicer
from mesh.testing import free_port
from services.identity.__main__ import build as build_identity

PASSAGES, CHARACTERS = 100, 1000
NO_LIMIT = 1_000_000
_START_SECONDS = 60
Context = grpc.aio.ServicerContext[object, object]


class Documents(document_service_pb2_grpc.DocumentServiceServicer):
    """Answers from nothing, so that the difference is the way alone."""

    async def GetDocument(
        self, request: document_service_pb2.GetDocumentRequest, context: Context
    ) -> document_service_pb2.GetDocumentResponse:
        """A document as it is when it is READY."""
        document = document_pb2.Document(
            document_id=request.document_id, title="Waves and sound", state=document_pb2.READY, page_count=12
        )
        return document_service_pb2.GetDocumentResponse(document=document)

    async def ListPassages(
        self, request: document_service_pb2.ListPassagesRequest, context: Context
    ) -> document_service_pb2.ListPassagesResponse:
        """A page of passages."""
        passage = document_pb2.Passage(document_id=request.document_id, text="x" * CHARACTERS)
        return document_service_pb2.ListPassagesResponse(passages=[passage] * PASSAGES)


class Searches(search_service_pb2_grpc.SearchServiceServicer):
    """Finds nothing; the method has a limit in its contract."""

    async def Search(
        self, request: search_service_pb2.SearchRequest, context: Context
    ) -> search_service_pb2.SearchResponse:
        """An empty page."""
        return search_service_pb2.SearchResponse()


class Admitting:
    """Counts nothing: only the hop to the rate-limit service is measured."""

    @property
    def degraded(self) -> bool:
        """See `Limits.degraded`."""
        return False

    async def take(self, key: str, cost: int, requests: int, window_seconds: float) -> Taken:
        """Admitted, always."""
        return Taken(True, requests, window_seconds, 0.0)


def settings_in(folder: Path) -> Settings:
    """Every limit is counted and none is reached; nobody is anybody without a token."""
    return Settings(
        data_dir=folder,
        edge_port=free_port(),
        edge_admin_port=free_port(),
        grpc_port=free_port(),
        media_port=free_port(),
        metrics_port=0,
        local_principal=False,
        principal_limit=NO_LIMIT,
        address_limit=NO_LIMIT,
        log_level="info",
    )


@contextmanager
def in_process(settings: Settings) -> Iterator[str]:
    """The services while the block lasts; gives the address of the rate-limit service."""
    spawning = multiprocessing.get_context("spawn")
    started: Queue[str] = spawning.Queue()
    process = spawning.Process(target=_serve, args=(settings, started), daemon=True)
    process.start()
    try:
        yield started.get(timeout=_START_SECONDS)
    finally:
        process.kill()
        process.join()


def _serve(settings: Settings, started: "Queue[str]") -> None:
    async def main() -> None:
        with (settings.data_dir / "access.log").open("w") as log:
            async with open_runtime(settings, "mootion", log=log) as runtime:
                limiter = Limiter(Admitting(), Counted(runtime.signer.key), all_methods())
                parts = [_documents(runtime), _searches(runtime), build_identity(runtime)]
                async with rate_limit_service(limiter) as address:
                    ready = partial(started.put, address)
                    await serve(runtime, parts, until=asyncio.Event(), ready=ready, partial=True)

    asyncio.run(main())


def _documents(runtime: Runtime) -> Parts:
    service = document_service_pb2.DESCRIPTOR.services_by_name["DocumentService"]
    add = document_service_pb2_grpc.add_DocumentServiceServicer_to_server
    return Parts("document", [Servicer(Documents(), add, service)])  # type: ignore[abstract]


def _searches(runtime: Runtime) -> Parts:
    service = search_service_pb2.DESCRIPTOR.services_by_name["SearchService"]
    add = search_service_pb2_grpc.add_SearchServiceServicer_to_server
    return Parts("search", [Servicer(Searches(), add, service)])  # type: ignore[abstract]
