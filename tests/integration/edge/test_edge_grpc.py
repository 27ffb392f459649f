"""gRPC and gRPC-web through a real Envoy: the same outcome as by REST."""

import struct
from collections.abc import Iterator

import grpc
import pytest
from google.api import httpbody_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from mootion.document.v1 import (
    document_service_pb2,
    document_service_pb2_grpc,
    processing_service_pb2,
    processing_service_pb2_grpc,
)
from mootion.search.v1 import search_service_pb2, search_service_pb2_grpc

from tests.integration.edge import grpc_web
from tests.integration.edge.edge_running import Running

GET = "/mootion.document.v1.DocumentService/GetDocument"
WATCH = "/mootion.document.v1.DocumentService/WatchDocument"
REPORT = "/mootion.document.v1.DocumentProcessingService/ReportProgress"


@pytest.fixture
def channel(edge: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(edge.authority) as opened:
        yield opened


def test_a_unary_call_by_grpc(channel: grpc.Channel) -> None:
    stub = document_service_pb2_grpc.DocumentServiceStub(channel)
    request = document_service_pb2.GetDocumentRequest(document_id="d1")
    assert stub.GetDocument(request).document.document_id == "d1"


def test_a_client_stream_by_grpc(channel: grpc.Channel) -> None:
    def parts() -> Iterator[document_service_pb2.UploadDocumentRequest]:
        yield document_service_pb2.UploadDocumentRequest(filename="a.pdf")
        for _ in range(64):
            content = httpbody_pb2.HttpBody(data=b"x" * 65_536)
            yield document_service_pb2.UploadDocumentRequest(content=content)

    document = document_service_pb2_grpc.DocumentServiceStub(channel).UploadDocument(parts()).document
    assert (document.filename, document.size_bytes) == ("a.pdf", 64 * 65_536)


def test_a_server_stream_by_grpc(edge: Running, channel: grpc.Channel) -> None:
    stub = document_service_pb2_grpc.DocumentServiceStub(channel)
    sequences = []
    for reply in stub.WatchDocument(document_service_pb2.WatchDocumentRequest(document_id="d1")):
        sequences.append(reply.document.sequence)
        edge.step()
    assert sequences == [1, 2, 3]


def test_an_error_of_a_service_keeps_code_and_details_by_grpc(channel: grpc.Channel) -> None:
    stub = document_service_pb2_grpc.DocumentServiceStub(channel)
    with pytest.raises(grpc.RpcError) as raised:
        stub.GetDocument(document_service_pb2.GetDocumentRequest(document_id="missing"))
    assert _outcome(raised.value) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


def test_a_method_that_the_edge_may_not_call_does_not_exist_outside(channel: grpc.Channel) -> None:
    stub = processing_service_pb2_grpc.DocumentProcessingServiceStub(channel)
    with pytest.raises(grpc.RpcError) as raised:
        stub.ReportProgress(processing_service_pb2.ReportProgressRequest(document_id="d1", lease_token=1))
    assert _outcome(raised.value) == (grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD")


@pytest.mark.parametrize("method", ["/grpc.health.v1.Health/Check", "/nobody.v1.Nothing/Do"])
def test_services_outside_of_the_contracts_are_not_reachable(channel: grpc.Channel, method: str) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    with pytest.raises(grpc.RpcError) as raised:
        call(b"")
    assert _outcome(raised.value) == (grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD")


def test_a_message_over_the_limit_by_grpc(channel: grpc.Channel) -> None:
    stub = document_service_pb2_grpc.DocumentServiceStub(channel)
    with pytest.raises(grpc.RpcError) as raised:
        stub.GetDocument(document_service_pb2.GetDocumentRequest(document_id="x" * 1_100_000))
    assert _outcome(raised.value) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_TOO_LARGE")


def test_a_call_past_its_deadline_by_grpc(channel: grpc.Channel) -> None:
    stub = search_service_pb2_grpc.SearchServiceStub(channel)
    with pytest.raises(grpc.RpcError) as raised:
        stub.Suggest(search_service_pb2.SuggestRequest(prefix="wa"))
    assert _outcome(raised.value) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


@pytest.mark.parametrize("text", [False, True])
def test_a_unary_call_by_grpc_web(edge: Running, text: bool) -> None:
    request = document_service_pb2.GetDocumentRequest(document_id="d1")
    reply = grpc_web.call(edge, GET, request.SerializeToString(), text=text)
    body = grpc_web.decoded(reply.body) if text else reply.body
    (message, trailers) = grpc_web.frames(body)
    document = document_service_pb2.GetDocumentResponse.FromString(message[1]).document
    assert document.document_id == "d1"
    assert (trailers[0], b"grpc-status:0" in trailers[1].replace(b" ", b"")) == (0x80, True)


def test_a_server_stream_by_grpc_web_arrives_while_it_is_made(edge: Running) -> None:
    connection = edge.connect()
    request = document_service_pb2.WatchDocumentRequest(document_id="d1").SerializeToString()
    connection.request("POST", WATCH, grpc_web.frame(request), grpc_web.headers(text=False))
    response = connection.getresponse()
    for sequence in (1, 2, 3):
        flag, length = struct.unpack(">BI", response.read(5))
        message = document_service_pb2.WatchDocumentResponse.FromString(response.read(length))
        assert (flag, message.document.sequence) == (0, sequence)
        edge.step()
    assert b"grpc-status:0" in response.read()


@pytest.mark.parametrize(
    ("path", "identifier", "code", "reason"),
    [
        (GET, "missing", 5, "NOT_FOUND"),
        (WATCH, "missing", 5, "NOT_FOUND"),
        (GET, "x" * 1_100_000, 3, "REQUEST_TOO_LARGE"),
        (REPORT, "d1", 12, "UNKNOWN_METHOD"),
        ("/nobody.v1.Nothing/Do", "d1", 12, "UNKNOWN_METHOD"),
    ],
)
def test_errors_by_grpc_web_carry_status_and_details(
    edge: Running, path: str, identifier: str, code: int, reason: str
) -> None:
    request = document_service_pb2.GetDocumentRequest(document_id=identifier)
    reply = grpc_web.call(edge, path, request.SerializeToString())
    assert reply.status == 200
    assert reply.headers["grpc-status"] == str(code)
    status = status_pb2.Status.FromString(grpc_web.decoded(reply.headers["grpc-status-details-bin"].encode()))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, info.reason) == (code, reason)


def _outcome(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    status = rpc_status.from_call(error)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return error.code(), info.reason
