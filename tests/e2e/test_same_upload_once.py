"""A creation with a request id happens once, however often it is sent."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.e2e.calls import SAMPLE, ok, reason
from tests.e2e.conftest import AnySystem


@pytest.fixture(scope="module")
def system(both_systems: AnySystem) -> AnySystem:
    return both_systems


def send(client: httpx2.Client, data: bytes, request_id: str) -> httpx2.Response:
    params = {"filename": "once.pdf", "request_id": request_id}
    return client.post("/v1/documents:upload", params=params, content=data)


def test_parallel_equal_uploads_make_one_document(client: httpx2.Client) -> None:
    data = SAMPLE.read_bytes()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: ok(send(client, data, "same")), range(8)))
    assert len({reply["document"]["documentId"] for reply in replies}) == 1
    assert len({str(reply) for reply in replies}) == 1


def test_another_body_under_the_same_id_is_refused(client: httpx2.Client) -> None:
    ok(send(client, SAMPLE.read_bytes(), "taken"))
    reply = send(client, SAMPLE.read_bytes() + b"\n", "taken")
    assert (reply.status_code, reason(reply)) == (400, "REQUEST_ID_REUSED")
