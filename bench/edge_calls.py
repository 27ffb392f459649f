"""The callers of P2: by gRPC, straight or through an Envoy, and by REST through the edge."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import psutil
from mootion.document.v1 import document_service_pb2, document_service_pb2_grpc
from mootion.search.v1 import search_service_pb2, search_service_pb2_grpc

from bench.edge_system import PASSAGES
from mesh.config import Settings

Call = Callable[[int], Awaitable[object]]


@dataclass(frozen=True)
class Door:
    """One path to the service: its calls by name, each made on the connection of the caller with that number, and the
    Envoy on the way."""

    name: str
    calls: Mapping[str, Call]
    envoy: psutil.Process | None = None


@asynccontextmanager
async def by_grpc(name: str, port: int, token: str, envoy: int | None = None) -> AsyncIterator[Door]:
    """All callers on one channel, as gRPC clients do. `limited` goes by the edge alone: elsewhere nobody has counted
    it, and the service would."""
    metadata = (("authorization", f"Bearer {token}"),)
    get = document_service_pb2.GetDocumentRequest(document_id="d1")
    listing = document_service_pb2.ListPassagesRequest(document_id="d1", page_size=PASSAGES)
    searching = search_service_pb2.SearchRequest(query="waves")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        documents = document_service_pb2_grpc.DocumentServiceStub(channel)
        searches = search_service_pb2_grpc.SearchServiceStub(channel)
        calls: dict[str, Call] = {
            "small": lambda caller: documents.GetDocument(get, metadata=metadata),
            "large": lambda caller: documents.ListPassages(listing, metadata=metadata),
        }
        if name == "grpc":
            calls["limited"] = lambda caller: searches.Search(searching, metadata=metadata)
        yield Door(name, calls, psutil.Process(envoy) if envoy else None)


@asynccontextmanager
async def by_rest(name: str, port: int, token: str, callers: int, envoy: int | None) -> AsyncIterator[Door]:
    """Each caller has a connection that stays open. Bodies are read, not parsed."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(callers)]

    def asking(path: str) -> Call:
        request = _get(path, port, token)
        return lambda caller: _answer(*connections[caller], request)

    try:
        yield Door(
            name,
            {
                "small": asking("/v1/documents/d1"),
                "large": asking(f"/v1/documents/d1/passages?page_size={PASSAGES}"),
                "limited": asking("/v1/search?query=waves"),
            },
            psutil.Process(envoy) if envoy else None,
        )
    finally:
        for _, writer in connections:
            writer.close()


async def registered(settings: Settings) -> str:
    """The access token of a new account."""
    body = json.dumps({"username": "ada", "password": "correct horse battery"}).encode()
    head = f"POST /v1/auth:register HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
    for _ in range(100):
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.edge_port)
        try:
            answer = await _answer(reader, writer, head.encode() + body)
            token: str = json.loads(answer)["tokens"]["accessToken"]
            return token
        except RuntimeError:
            # The edge has not found the service yet.
            await asyncio.sleep(0.1)
        finally:
            writer.close()
    raise TimeoutError("nobody could register at the edge")


def _get(path: str, port: int, token: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"host: localhost:{port}", f"authorization: Bearer {token}", "", ""]
    return "\r\n".join(lines).encode()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """The body of the answer. Raises RuntimeError where it is no 200."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    size = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    body = await reader.readexactly(int(size)) if size else await _chunks(reader)
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(f"answered {head[:30]!r}: {body[:200]!r}")
    return body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    whole = b""
    while True:
        length = int(await reader.readline(), 16)
        chunk = await reader.readexactly(length + 2)
        if not length:
            return whole
        whole += chunk[:-2]
