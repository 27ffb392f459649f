"""One call too many is refused by the edge itself, at once and with the time to come back; other services go on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from mootion.search.v1 import search_service_pb2, search_service_pb2_grpc

from tests.integration.edge.edge_running import Running, running_edge
from tests.stopwatch import Stopwatch, quickest_of

SLOW = "/v1/search:suggest?prefix=wa"


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Running]:
    """An edge that lets one call at a time through to each service."""
    with running_edge(tmp_path, max_calls=1) as running:
        running.until_healthy()
        yield running


@contextmanager
def busy(running: Running) -> Iterator[None]:
    """Search is busy with a call, which ends after two seconds."""
    connection: HTTPConnection = running.connect()
    connection.request("GET", SLOW)
    time.sleep(0.3)
    yield
    connection.close()


def told(status: status_pb2.Status) -> tuple[str, int]:
    """The reason of a refusal, and when to come back in seconds."""
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    assert any(detail.Unpack(retry) for detail in status.details)
    return info.reason, int(retry.retry_delay.seconds)


def test_by_rest_it_is_429_with_the_time_to_come_back(full: Running) -> None:
    replies = []

    def took() -> float:
        with busy(full), Stopwatch() as watch:
            replies.append(full.call("GET", SLOW))
        return watch.seconds

    assert quickest_of(took, 0.5) < 0.5
    reply = replies[-1]
    assert (reply.status, reply.headers["content-type"]) == (429, "application/json")
    status = json_format.Parse(reply.body, status_pb2.Status())
    assert status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert told(status) == ("OVERLOADED", 1)


def test_by_grpc_it_is_resource_exhausted_with_the_same_details(full: Running) -> None:
    errors = []

    def took() -> float:
        with busy(full), grpc.insecure_channel(full.authority) as channel, Stopwatch() as watch:
            with pytest.raises(grpc.RpcError) as refused:
                request = search_service_pb2.SuggestRequest(prefix="wa")
                search_service_pb2_grpc.SearchServiceStub(channel).Suggest(request)
            errors.append(refused.value)
        return watch.seconds

    assert quickest_of(took, 1.0) < 1.0
    status = rpc_status.from_call(errors[-1])
    assert status is not None
    assert errors[-1].code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert told(status) == ("OVERLOADED", 1)


def test_other_services_have_room_of_their_own(full: Running) -> None:
    with busy(full):
        assert full.call("GET", "/v1/documents/d1").status == 200
