"""The calls of the main job answer the same by gRPC and by gRPC-web through the edge as by REST."""

import struct
from collections.abc import AsyncIterator

import grpc
import httpx2
import pytest
from google.api import httpbody_pb2
from google.protobuf import json_format
from google.protobuf.message import Message
from mootion.answer.v1 import answer_service_pb2, answer_service_pb2_grpc
from mootion.document.v1 import document_pb2, document_service_pb2, document_service_pb2_grpc
from mootion.search.v1 import search_service_pb2

from tests.e2e.calls import SAMPLE, ok
from tests.e2e.conftest import AnySystem

FRAME = struct.Struct(">BI")
TRAILERS = 0x80


@pytest.fixture(scope="module")
def system(both_systems: AnySystem) -> AnySystem:
    return both_systems


@pytest.fixture
async def channel(system: AnySystem) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{system.edge_port}") as made:
        yield made


def web(client: httpx2.Client, method: str, request: Message) -> tuple[list[bytes], dict[str, str]]:
    """The messages and trailers of a gRPC-web call."""
    body = request.SerializeToString()
    reply = client.post(
        f"/{method}",
        content=FRAME.pack(0, len(body)) + body,
        headers={"content-type": "application/grpc-web+proto", "x-grpc-web": "1"},
    )
    messages, trailers, rest = [], dict(reply.headers), reply.content
    while rest:
        flag, length = FRAME.unpack_from(rest)
        part, rest = rest[FRAME.size : FRAME.size + length], rest[FRAME.size + length :]
        if flag & TRAILERS:
            lines = part.decode().strip().split("\r\n")
            trailers |= dict(line.split(":", 1) for line in lines)
        else:
            messages.append(part)
    return messages, {name: value.strip() for name, value in trailers.items()}


async def test_an_upload_and_its_watch_work_by_grpc(channel: grpc.aio.Channel) -> None:
    stub = document_service_pb2_grpc.DocumentServiceStub(channel)

    async def parts() -> AsyncIterator[document_service_pb2.UploadDocumentRequest]:
        yield document_service_pb2.UploadDocumentRequest(filename="by-grpc.pdf")
        yield document_service_pb2.UploadDocumentRequest(
            content=httpbody_pb2.HttpBody(data=SAMPLE.read_bytes())
        )

    uploaded = (await stub.UploadDocument(parts())).document
    watch = stub.WatchDocument(document_service_pb2.WatchDocumentRequest(document_id=uploaded.document_id))
    states = [change.document.state async for change in watch]
    assert states[-1] == document_pb2.READY


async def test_grpc_and_rest_give_the_same_document(
    channel: grpc.aio.Channel, client: httpx2.Client, document_id: str
) -> None:
    stub = document_service_pb2_grpc.DocumentServiceStub(channel)
    by_grpc = await stub.GetDocument(document_service_pb2.GetDocumentRequest(document_id=document_id))
    by_rest = json_format.ParseDict(
        ok(client.get(f"/v1/documents/{document_id}")), document_service_pb2.GetDocumentResponse()
    )
    assert by_grpc == by_rest


def test_grpc_web_gives_the_same_hits_as_rest(client: httpx2.Client, document_id: str) -> None:
    request = search_service_pb2.SearchRequest(query="wavelength", document_ids=[document_id])
    messages, trailers = web(client, "mootion.search.v1.SearchService/Search", request)
    by_rest = ok(client.get("/v1/search", params={"query": "wavelength", "document_ids": document_id}))
    by_web = search_service_pb2.SearchResponse.FromString(messages[0])
    assert trailers["grpc-status"] == "0"
    assert [hit.id for hit in by_web.hits] == [hit["id"] for hit in by_rest["hits"]]


def test_a_stream_works_by_grpc_web(client: httpx2.Client, document_id: str) -> None:
    request = document_service_pb2.WatchDocumentRequest(document_id=document_id)
    messages, trailers = web(client, "mootion.document.v1.DocumentService/WatchDocument", request)
    last = document_service_pb2.WatchDocumentResponse.FromString(messages[-1])
    assert (last.document.state, trailers["grpc-status"]) == (document_pb2.READY, "0")


async def test_an_error_is_the_same_on_every_path(channel: grpc.aio.Channel, client: httpx2.Client) -> None:
    request = answer_service_pb2.AskRequest(question="")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await answer_service_pb2_grpc.AnswerServiceStub(channel).Ask(request)
    _, trailers = web(client, "mootion.answer.v1.AnswerService/Ask", request)
    by_rest = client.post("/v1/answers:ask", json={"question": ""})
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert trailers["grpc-status"] == str(grpc.StatusCode.INVALID_ARGUMENT.value[0])
    assert (by_rest.status_code, by_rest.json()["code"]) == (400, 3)
    assert refused.value.details() == by_rest.json()["message"]
    violations = [detail.get("fieldViolations") for detail in by_rest.json()["details"]]
    assert [each[0]["field"] for each in violations if each] == ["question"]


async def test_what_only_workers_may_call_is_refused_at_the_edge(channel: grpc.aio.Channel) -> None:
    path = "/mootion.document.v1.DocumentProcessingService/FailProcessing"
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(b"")
    assert refused.value.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.PERMISSION_DENIED)
