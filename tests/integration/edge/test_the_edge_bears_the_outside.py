"""What comes from the open internet: odd headers and paths, pages of other sites, packed bodies, too much at once."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from mootion.document.v1 import document_service_pb2, document_service_pb2_grpc

from tests.integration.edge.edge_running import Running, running_edge
from tests.integration.edge.test_edge_errors import checked
from tests.stopwatch import Stopwatch

SITE = "https://learn.example.org"


@pytest.fixture
def listed(tmp_path: Path) -> Iterator[Running]:
    """An edge that knows a site whose pages may call."""
    with running_edge(tmp_path, cors_origins=(SITE,)) as running:
        yield running


def test_a_header_with_an_underscore_is_refused(edge: Running) -> None:
    reply = edge.call("GET", "/v1/documents/d1", headers={"mootion_principal": "eve"})
    assert checked(reply)[:3] == (400, 3, "INVALID_FIELD")


@pytest.mark.parametrize("path", ["/v1%2Fdocuments/d1", "/v1/documents%5Cd1", "/v1/documents/..%2Fd1"])
def test_a_path_with_an_escaped_slash_is_refused(edge: Running, path: str) -> None:
    assert checked(edge.call("GET", path))[:3] == (400, 3, "INVALID_FIELD")


def test_more_than_a_hundred_headers_are_refused(edge: Running) -> None:
    reply = edge.call("GET", "/v1/documents/d1", headers={f"x-{number}": "a" for number in range(120)})
    assert checked(reply)[:3] == (431, 3, "REQUEST_TOO_LARGE")


def test_headers_of_more_than_32_kib_are_refused(edge: Running) -> None:
    reply = edge.call("GET", "/v1/documents/d1", headers={"x-large": "a" * 40_000})
    assert checked(reply)[:3] == (431, 3, "REQUEST_TOO_LARGE")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, gzip"])
def test_a_compressed_body_is_refused_unread(edge: Running, encoding: str) -> None:
    reply = edge.call("POST", "/v1/videos", b"\x1f\x8b" + b"\0" * 100, {"content-encoding": encoding})
    assert checked(reply)[:3] == (415, 3, "INVALID_FIELD")


def test_a_body_that_says_it_is_not_compressed_is_taken(edge: Running) -> None:
    body = '{"documentId": "d1", "topic": "Waves"}'
    assert edge.call("POST", "/v1/videos", body, {"content-encoding": "identity"}).status == 200


def test_a_compressed_message_is_refused_unread(edge: Running) -> None:
    request = document_service_pb2.GetDocumentRequest(document_id="d" * 5000)
    with grpc.insecure_channel(edge.authority) as channel, pytest.raises(grpc.RpcError) as refused:
        stub = document_service_pb2_grpc.DocumentServiceStub(channel)
        stub.GetDocument(request, compression=grpc.Compression.Gzip)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "Compressed requests" in (refused.value.details() or "")


def test_headers_that_do_not_come_are_waited_for_ten_seconds(edge: Running) -> None:
    with (
        socket.create_connection(("localhost", edge.settings.edge_port), timeout=60) as raw,
        Stopwatch() as watch,
    ):
        raw.sendall(b"GET /v1/documents/d1 HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
        head = raw.recv(65536)
    assert int(head.split()[1]) == 408
    assert watch.raw_seconds >= 9 and watch.seconds < 15


def _preflight(edge: Running, origin: str) -> str | None:
    asked = {"origin": origin, "access-control-request-method": "GET"}
    return edge.call("OPTIONS", "/v1/documents/d1", headers=asked).headers.get("access-control-allow-origin")


def test_a_site_that_is_listed_may_call_and_no_other(listed: Running) -> None:
    assert _preflight(listed, SITE) == SITE
    assert listed.call("GET", "/openapi.json", headers={"origin": SITE}).status == 200
    for other in (f"{SITE}.evil.example", "https://learnXexample.org", "http://learn.example.org"):
        assert _preflight(listed, other) is None
        assert listed.call("GET", "/openapi.json", headers={"origin": other}).status == 403


def test_without_a_list_only_pages_of_this_machine_may_call(edge: Running) -> None:
    assert _preflight(edge, SITE) is None
    assert _preflight(edge, "http://localhost:5173") == "http://localhost:5173"


def test_a_connection_carries_a_hundred_calls_at_once_and_the_next_wait(edge: Running) -> None:
    settings = json.loads((edge.settings.data_dir / "edge.json").read_text())["staticResources"]["listeners"][
        0
    ]["filterChains"][0]["filters"][0]["typedConfig"]
    assert settings["http2ProtocolOptions"]["maxConcurrentStreams"] == 100
    with grpc.insecure_channel(edge.authority) as channel:
        stub = document_service_pb2_grpc.DocumentServiceStub(channel)
        request = document_service_pb2.GetDocumentRequest(document_id="d1")
        calls = [stub.GetDocument.future(request, timeout=120) for _ in range(300)]
        assert [call.result().document.document_id for call in calls] == ["d1"] * 300
