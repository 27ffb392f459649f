"""REST through a real Envoy: transcoding, streams, uploads, ranges, browsers."""

import gzip
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.integration.edge import edge_backend
from tests.integration.edge.edge_running import Running


def test_both_spellings_of_a_field_are_accepted_and_replies_are_in_lower_camel_case(edge: Running) -> None:
    for name in ("document_id", "documentId"):
        reply = edge.call("POST", "/v1/videos", json.dumps({name: "d7", "topic": "Waves"}))
        video = json.loads(reply.body)["video"]
        assert (reply.status, video["videoId"], video["title"]) == (200, "d7", "Waves")
    for name in ("page_size", "pageSize"):
        reply = edge.call("GET", f"/v1/documents?{name}=2&page_token=after")
        assert len(json.loads(reply.body)["documents"]) == 2
        assert json.loads(reply.body)["nextPageToken"] == "after"


def test_fields_that_are_zero_false_or_empty_are_printed(edge: Running) -> None:
    document = json.loads(edge.call("GET", "/v1/documents/d1").body)["document"]
    assert (document["pageCount"], document["versionHash"], document["outline"]) == (0, "", [])


def test_enums_are_read_in_any_case(edge: Running) -> None:
    body = json.dumps({"document_id": "d1", "resolution": "resolution_720p"})
    assert json.loads(edge.call("POST", "/v1/videos", body).body)["video"]["resolution"] == "RESOLUTION_720P"


def test_a_plus_in_a_query_is_a_space(edge: Running) -> None:
    reply = edge.call("GET", "/v1/documents?page_size=0&page_token=a+b")
    assert json.loads(reply.body)["nextPageToken"] == "a b"


def test_bytes_are_sent_with_their_own_content_type(edge: Running) -> None:
    reply = edge.call("GET", "/v1/videos/v1/captions")
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "text/vtt", b"WEBVTT\n")


def test_a_page_of_twenty_megabytes_arrives_whole(edge: Running) -> None:
    reply = edge.call("GET", "/v1/documents/d1/passages?page_size=1000")
    assert (reply.status, len(json.loads(reply.body)["passages"])) == (200, 1000)


def test_an_upload_is_passed_on_unchanged_with_its_name_and_type(edge: Running) -> None:
    data = os.urandom(300_000)
    headers = {"content-type": "application/pdf"}
    reply = edge.call("POST", "/v1/documents:upload?filename=Wave%20motion.pdf", data, headers)
    document = json.loads(reply.body)["document"]
    assert document["versionHash"] == hashlib.sha256(data).hexdigest()
    assert (document["filename"], document["title"]) == ("Wave motion.pdf", "application/pdf")


def test_an_upload_of_sixty_megabytes_is_streamed_and_not_held_in_memory(edge: Running) -> None:
    before, size = psutil.Process(edge.pid).memory_info().rss, 60 * 1_048_576
    edge.documents.upload_started.clear()
    started_before_the_end: list[int] = []

    def chunks() -> Iterator[bytes]:
        for _ in range(size // 1_048_576 - 1):
            yield b"x" * 1_048_576
        started_before_the_end.append(_set_within(60, edge.documents.upload_started.is_set))
        started_before_the_end.append(psutil.Process(edge.pid).memory_info().rss)
        yield b"x" * 1_048_576

    connection = edge.connect()
    connection.request(
        "POST", "/v1/documents:upload?filename=big.pdf", chunks(), {"content-length": str(size)}
    )
    document = json.loads(connection.getresponse().read())["document"]
    assert document["sizeBytes"] == str(size)
    assert started_before_the_end[0]
    assert started_before_the_end[1] - before < 20 * 1_048_576


def test_an_event_stream_arrives_while_it_is_made(edge: Running) -> None:
    connection = edge.connect()
    connection.request("GET", "/v1/documents/d1:watch")
    response = connection.getresponse()
    assert response.getheader("content-type") == "text/event-stream"
    for sequence in ("1", "2", "3"):
        event = _next_event(response)
        assert json.loads(event)["document"]["sequence"] == sequence
        edge.step()
    assert response.read() == b""


def test_a_stream_resumes_after_a_sequence_number(edge: Running) -> None:
    connection = edge.connect()
    connection.request("GET", "/v1/documents/d1:watch?after_sequence=2")
    response = connection.getresponse()
    assert json.loads(_next_event(response))["document"]["sequence"] == "3"
    edge.step()
    assert response.read() == b""


def test_a_stream_that_fails_before_its_first_event_is_an_error_and_not_an_empty_list(edge: Running) -> None:
    reply = edge.call("GET", "/v1/documents/missing:watch")
    status = json.loads(reply.body)
    assert (reply.status, status["code"]) == (404, 5)
    assert status["details"][0]["reason"] == "NOT_FOUND"


def test_an_error_of_a_service_keeps_its_details(edge: Running) -> None:
    reply = edge.call("GET", "/v1/documents/missing")
    status = json.loads(reply.body)
    assert (reply.status, reply.headers["content-type"]) == (404, "application/json")
    assert status["message"] == "There is no such document."
    assert status["details"][0]["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"


def test_video_content_honours_range(edge: Running) -> None:
    reply = edge.call("GET", "/v1/videos/v1/content", headers={"range": "bytes=1000-1999"})
    assert (reply.status, reply.body) == (206, edge_backend.VIDEO[1000:2000])
    assert reply.headers["content-range"] == f"bytes 1000-1999/{len(edge_backend.VIDEO)}"
    head = edge.call("HEAD", "/v1/videos/v1/content")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(edge_backend.VIDEO))


def test_video_content_is_never_compressed(edge: Running) -> None:
    reply = edge.call("GET", "/v1/videos/v1/content", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in reply.headers
    assert reply.body == edge_backend.VIDEO


def test_json_is_compressed_where_the_caller_takes_it(edge: Running) -> None:
    path = "/v1/documents/d1/passages?page_size=3"
    reply = edge.call("GET", path, headers={"accept-encoding": "gzip"})
    assert reply.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(reply.body)) == json.loads(edge.call("GET", path).body)


def test_identity_from_outside_never_gets_in(edge: Running) -> None:
    spoofed = {
        "mootion-caller": "render-worker",
        "mootion-principal": "somebody",
        "mootion-role": "ADMIN",
        "Mootion-Request-Id": "chosen",
        "x-request-id": "chosen",
    }
    reply = edge.call("GET", "/v1/documents/d1", headers=spoofed)
    seen = edge.documents.metadata
    assert "mootion-caller" not in seen
    assert "mootion-principal" not in seen
    assert "mootion-role" not in seen
    assert seen["mootion-request-id"] == reply.headers["x-request-id"] != "chosen"


def test_a_page_of_this_machine_may_call_from_a_browser(edge: Running) -> None:
    headers = {
        "origin": "http://localhost:5173",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    preflight = edge.call("OPTIONS", "/v1/videos", headers=headers)
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    reply = edge.call("GET", "/v1/documents/d1", headers={"origin": "http://localhost:5173"})
    assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "x-request-id" in reply.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "null", "http://localhost.elsewhere.example"]
)
def test_a_page_of_another_site_is_refused(edge: Running, origin: str) -> None:
    reply = edge.call("DELETE", "/v1/documents/d1", headers={"origin": origin})
    assert (reply.status, _reason(reply.body)) == (403, "CALLER_NOT_ALLOWED")


def test_another_host_name_is_refused(edge: Running) -> None:
    reply = edge.call("GET", "/v1/documents/d1", headers={"host": "rebound.example:8080"})
    assert (reply.status, _reason(reply.body)) == (403, "CALLER_NOT_ALLOWED")


def test_health_says_serving_as_json(edge: Running) -> None:
    edge.until_healthy()
    reply = edge.call("GET", "/healthz")
    assert (reply.status, json.loads(reply.body)) == (200, {"status": "SERVING"})


@pytest.mark.parametrize(
    ("path", "content_type", "holds"),
    [
        ("/", "text/html", b'href="/docs"'),
        ("/docs", "text/html", b"/docs/swagger-ui-bundle.js"),
        ("/docs/docs.js", "application/javascript", b"/openapi.json"),
        ("/docs/swagger-ui.css", "text/css", b".swagger-ui"),
        ("/docs/swagger-ui-bundle.js", "application/javascript", b"SwaggerUIBundle"),
        ("/openapi.json", "application/json", b'"openapi"'),
    ],
)
def test_pages_are_served_by_the_edge_itself(
    edge: Running, path: str, content_type: str, holds: bytes
) -> None:
    reply = edge.call("GET", path)
    assert reply.status == 200
    assert reply.headers["content-type"].startswith(content_type)
    assert holds in reply.body
    assert b"http://" not in reply.body or path.endswith((".js", ".css", ".json"))


@pytest.mark.parametrize("path", ["/metrics", "/stats", "/config_dump", "/ready", "/server_info"])
def test_figures_and_the_admin_page_are_not_exposed(edge: Running, path: str) -> None:
    assert edge.call("GET", path).status == 404


def test_eight_callers_at_once_get_their_own_answers(edge: Running) -> None:
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        for _ in range(10):
            body = edge.call("GET", f"/v1/documents/d{number}").body
            found[number] = json.loads(body)["document"]["documentId"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"d{number}" for number in range(8)}


def _next_event(response: object) -> bytes:
    line: bytes = response.readline()  # type: ignore[attr-defined]
    assert line.startswith(b"data: ")
    assert response.readline() == b"\n"  # type: ignore[attr-defined]
    return line.removeprefix(b"data: ")


def _reason(body: bytes) -> str:
    reason: str = json.loads(body)["details"][0]["reason"]
    return reason


def _set_within(seconds: float, is_set: object) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_set():  # type: ignore[operator]
            return True
        time.sleep(0.01)
    return False
