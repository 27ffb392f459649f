"""What browsers are told of every reply, whoever made it: a service, the edge itself, or a page."""

import pytest

from tests.integration.edge.edge_running import Running

EXPECTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/v1/documents", 200),
        ("GET", "/", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/v1/nothing", 404),
        ("PUT", "/v1/documents", 405),
    ],
)
def test_a_reply_says_how_it_may_be_used_and_what_it_is(
    edge: Running, verb: str, path: str, status: int
) -> None:
    reply = edge.call(verb, path)
    assert reply.status == status
    assert {name: reply.headers.get(name) for name in EXPECTED} == EXPECTED
    policy = reply.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    kind, _, charset = reply.headers["content-type"].partition(";")
    assert kind in ("application/json", "text/html")
    assert kind == "application/json" or charset.strip() == "charset=utf-8"
    assert "server" not in reply.headers or "envoy/" not in reply.headers["server"]
