"""What a reply says of being kept: nothing on the way keeps one that does not say itself who may."""

import pytest

from tests.integration.edge import grpc_web
from tests.integration.edge.edge_running import Running

GET = "/mootion.document.v1.DocumentService/GetDocument"


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/v1/documents/d1", 200),
        ("GET", "/v1/documents/missing", 404),
        ("GET", "/v1/documents?colour=red", 400),
        ("GET", "/v1/nothing", 404),
        ("PUT", "/v1/documents", 405),
    ],
)
def test_a_reply_of_the_interface_is_not_stored(edge: Running, verb: str, path: str, status: int) -> None:
    reply = edge.call(verb, path)
    assert (reply.status, reply.headers["cache-control"]) == (status, "no-store")


def test_a_reply_by_grpc_web_is_not_stored(edge: Running) -> None:
    assert grpc_web.call(edge, GET, b"\n\x02d1").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json"])
def test_a_page_is_kept_and_asked_for_again(edge: Running, path: str) -> None:
    assert edge.call("GET", path).headers["cache-control"] == "no-cache"


def test_a_reply_that_says_itself_who_may_keep_it_is_believed(edge: Running) -> None:
    assert edge.call("GET", "/v1/videos/v1/content").headers["cache-control"] == "private"
