"""Whatever goes wrong at the edge, the caller gets a `google.rpc.Status` with a reason."""

import contextlib
import json
import re
import socket
from pathlib import Path

import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2

from gateway.edge import Edge, EdgeError
from tests.integration.edge.edge_running import Reply, Running, settings_in
from tests.stopwatch import Stopwatch

MEBIBYTE = 1_048_576


def checked(reply: Reply) -> tuple[int, int, str, str]:
    """HTTP status, code, reason and message of a reply that must be a google.rpc.Status."""
    assert reply.headers["content-type"] == "application/json"
    status = json_format.Parse(reply.body, status_pb2.Status())
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "mootion"
    if "x-request-id" in reply.headers:
        assert info.metadata["request_id"] == reply.headers["x-request-id"]
        request = error_details_pb2.RequestInfo()
        assert status.details[1].Unpack(request)
        assert request.request_id == reply.headers["x-request-id"]
    return reply.status, status.code, info.reason, status.message


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"topic": ', "Unexpected end of string"),
        ("not json", "Unexpected token"),
        ('{"topic": {"a": 1}}', "topic"),
        ('{"topic": 5}', "topic"),
        ('{"resolution": "RESOLUTION_9000P"}', "RESOLUTION_9000P"),
        ('{"target_duration": "soon"}', "target_duration"),
        ("[1, 2]", "request does not fit"),
        ('{"topic": "\\ud800"}', "request does not fit"),
    ],
)
def test_a_body_that_does_not_fit_names_what_is_wrong(edge: Running, body: str, says: str) -> None:
    http, code, reason, message = checked(edge.call("POST", "/v1/videos", body))
    assert (http, code, reason) == (400, 3, "INVALID_FIELD")
    assert says in message


def test_deeply_nested_json_is_refused(edge: Running) -> None:
    body = '{"topic":' + "[" * 5000 + "]" * 5000 + "}"
    assert checked(edge.call("POST", "/v1/videos", body))[:3] == (400, 3, "INVALID_FIELD")


def test_an_unknown_query_parameter_is_named(edge: Running) -> None:
    http, code, reason, message = checked(edge.call("GET", "/v1/documents?colour=red"))
    assert (http, code, reason) == (400, 3, "INVALID_FIELD")
    assert "colour" in message


def test_a_query_parameter_of_the_wrong_type_is_named(edge: Running) -> None:
    http, code, reason, message = checked(edge.call("GET", "/v1/documents?page_size=many"))
    assert (http, code, reason) == (400, 3, "INVALID_FIELD")
    assert "page_size" in message


@pytest.mark.parametrize(
    "path", ["/v1/documents/%ff%fe", "/v1/documents?page_token=%c3", "/v1/documents/%zz"]
)
def test_a_path_that_is_no_utf_8_is_refused(edge: Running, path: str) -> None:
    assert checked(edge.call("GET", path))[:3] == (400, 3, "INVALID_FIELD")


@pytest.mark.parametrize(
    "path", ["/nope", "/v1", "/v1/documents/d1/nope", "//v1/documents", "/v1/documents/../x"]
)
def test_an_unknown_path_is_404(edge: Running, path: str) -> None:
    assert checked(edge.call("GET", path))[:3] == (404, 12, "UNKNOWN_METHOD")


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("PUT", "/v1/documents", "GET"),
        ("GET", "/v1/documents:upload", "POST"),
        ("POST", "/v1/documents/d1", "DELETE, GET"),
        ("GET", "/v1/documents/d1:cancel", "POST"),
        ("POST", "/v1/videos/v1/content", "GET, HEAD"),
        ("DELETE", "/openapi.json", "GET, HEAD"),
        ("OPTIONS", "/v1/videos", "GET, POST"),
        ("TRACE", "/v1/videos", "GET, POST"),
    ],
)
def test_a_known_path_with_another_method_is_405_and_says_which_are_allowed(
    edge: Running, verb: str, path: str, allowed: str
) -> None:
    reply = edge.call(verb, path)
    assert checked(reply)[:3] == (405, 12, "UNKNOWN_METHOD")
    assert reply.headers["allow"] == allowed


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_413(edge: Running, chunked: bool) -> None:
    body = b'{"topic":"' + b"x" * (MEBIBYTE + 1) + b'"}'
    connection = edge.connect()
    headers = {"transfer-encoding": "chunked"} if chunked else {"content-length": str(len(body))}
    # Envoy may close before it has read what it will not take; its answer is there all the same.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request("POST", "/v1/videos", iter([body]), headers, encode_chunked=chunked)
    response = connection.getresponse()
    reply = Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    assert checked(reply)[:3] == (413, 3, "REQUEST_TOO_LARGE")


def test_an_upload_that_announces_more_than_100_mb_is_413_before_it_is_sent(edge: Running) -> None:
    connection = edge.connect()
    connection.putrequest("POST", "/v1/documents:upload?filename=x.pdf")
    connection.putheader("content-length", str(100 * MEBIBYTE + 1))
    connection.endheaders()
    response = connection.getresponse()
    reply = Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    http, code, reason, message = checked(reply)
    assert (http, code, reason) == (413, 8, "UPLOAD_TOO_LARGE")
    assert "100 MiB" in message


def test_a_call_past_its_deadline_is_504(edge: Running) -> None:
    with Stopwatch() as watch:
        reply = edge.call("GET", "/v1/search:suggest?prefix=wa")
    assert checked(reply)[:3] == (504, 4, "DEADLINE_EXCEEDED")
    assert watch.raw_seconds >= 2 and watch.seconds < 5


def test_a_body_that_never_ends_is_ended_at_the_deadline(edge: Running) -> None:
    connection = edge.connect()
    connection.putrequest("POST", "/v1/documents/d1:cancel")
    connection.putheader("content-length", "100")
    connection.endheaders(b"{")
    with Stopwatch() as watch:
        response = connection.getresponse()
        reply = Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    assert checked(reply)[:3] == (408, 4, "DEADLINE_EXCEEDED")
    assert watch.raw_seconds > 4.9 and watch.seconds < 8


def whole_answer(raw: socket.socket) -> tuple[bytes, bytes]:
    """Head and body, which may come in pieces."""
    answer = b""
    while True:
        head, _, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if length and len(body) >= int(length[1]):
            return head, body
        piece = raw.recv(65536)
        assert piece, f"the answer ended after {answer!r}"
        answer += piece


@pytest.mark.parametrize(
    ("request_bytes", "http", "reason"),
    [
        (b"NONSENSE\r\n\r\n", 400, "INVALID_FIELD"),
        (b"GET /v1/documents HTTP/1.1\r\n\r\n", 400, "INVALID_FIELD"),
        (b"GET /v1/documents HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 70_000, 431, "REQUEST_TOO_LARGE"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n", 431, "REQUEST_TOO_LARGE"),
        (
            b"POST /v1/videos HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
            400,
            "INVALID_FIELD",
        ),
        (b"BREW /v1/documents HTTP/1.1\r\nhost: localhost\r\n\r\n", 400, "INVALID_FIELD"),
        (b"GET /v1/documents/%00 HTTP/1.1\r\nhost: localhost\r\n\r\n", 400, "INVALID_FIELD"),
    ],
)
def test_what_is_no_proper_http_is_answered_the_same_way(
    edge: Running, request_bytes: bytes, http: int, reason: str
) -> None:
    with socket.create_connection(("localhost", edge.settings.edge_port), timeout=60) as raw:
        raw.sendall(request_bytes)
        head, body = whole_answer(raw)
    assert int(head.split()[1]) == http
    status = json.loads(body)
    assert (status["code"], status["details"][0]["reason"]) == (3, reason)


def test_a_tunnel_is_refused_at_once(edge: Running) -> None:
    with socket.create_connection(("localhost", edge.settings.edge_port), timeout=60) as raw:
        raw.sendall(b"CONNECT localhost:22 HTTP/1.1\r\nhost: localhost:22\r\n\r\n")
        head, body = whole_answer(raw)
    assert (int(head.split()[1]), json.loads(body)["details"][0]["reason"]) == (403, "CALLER_NOT_ALLOWED")


async def test_while_no_service_answers_every_call_is_503_and_health_says_so(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    alone = Edge(settings)
    await alone.start()
    try:
        running = Running(settings, None, alone.pid or 0, None)  # type: ignore[arg-type]
        for verb, path in [
            ("GET", "/healthz"),
            ("GET", "/v1/documents/d1"),
            ("GET", "/v1/documents/d1:watch"),
            ("POST", "/v1/documents:upload"),
            ("GET", "/v1/videos/v1/content"),
        ]:
            assert checked(running.call(verb, path))[:3] == (503, 14, "DEPENDENCY_UNAVAILABLE")
        assert running.call("GET", "/docs").status == 200
    finally:
        await alone.stop()
    assert alone.pid is None


async def test_a_taken_port_is_named_with_the_setting_that_changes_it(edge: Running) -> None:
    with pytest.raises(EdgeError, match=f"{edge.settings.edge_port}.*MOOTION_EDGE_PORT"):
        await Edge(edge.settings).start()
