"""Where an end-to-end test meets a failure of the system, it tells what the system's log says of the call."""

import httpx2

from tests.e2e.told import remembering, told

LOG = """{"level": "error", "event": "unexpected failure", "request_id": "r-1", "stack": ["a:1", "b:2"]}
{"level": "info", "event": "call", "request_id": "r-1"}
{"level": "error", "event": "unexpected failure", "request_id": "r-2"}"""


class System:
    """One that has logged something."""

    def log(self) -> str:
        return LOG


def reply_of(status: int, request_id: str) -> httpx2.Response:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, text="it went wrong", headers={"x-request-id": request_id})

    with remembering(httpx2.Client(transport=httpx2.MockTransport(answer)), System()) as client:
        return client.get("http://edge/")


def test_a_failure_of_the_system_comes_with_the_lines_of_its_request() -> None:
    said = told(reply_of(500, "r-1"))
    assert said.startswith("500 it went wrong")
    assert '"stack": ["a:1", "b:2"]' in said
    assert "r-2" not in said


def test_a_failure_whose_request_is_not_in_the_log_comes_with_the_last_errors() -> None:
    assert "r-2" in told(reply_of(503, "unknown"))


def test_a_refusal_is_told_as_it_is() -> None:
    assert told(reply_of(404, "r-1")) == "404 it went wrong"
    assert told(httpx2.Response(500, text="of nobody")) == "500 of nobody"
