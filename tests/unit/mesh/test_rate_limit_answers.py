"""What the rate-limit service answers Envoy, message by message."""

import base64

from envoy_data_plane.envoy.extensions.common.ratelimit.v3 import (
    RateLimitDescriptor,
    RateLimitDescriptorEntry,
)
from envoy_data_plane.envoy.service.ratelimit.v3 import (
    RateLimitRequest,
    RateLimitResponse,
    RateLimitResponseCode,
)
from google.rpc import error_details_pb2, status_pb2

from gateway.limiter import Limiter
from gateway.rate_limit_service import Answering
from mesh.counted import COUNTED_KEY, Counted
from mesh.policy import all_methods
from mesh.ports.limits_memory import MemoryLimits

LOGIN = "/mootion.identity.v1.IdentityService/Login"
COUNTED = Counted(b"k" * 32)


def answering() -> Answering:
    return Answering(Limiter(MemoryLimits(), COUNTED, all_methods()))


def question(door: str, address: str = "192.0.2.7") -> RateLimitRequest:
    said = {"method": LOGIN, "door": door, "remote_address": address, "request_id": "r1"}
    entries = [RateLimitDescriptorEntry(key=key, value=value) for key, value in said.items()]
    return RateLimitRequest(domain="mootion", descriptors=[RateLimitDescriptor(entries=entries)])


async def sixth(door: str) -> RateLimitResponse:
    service = answering()
    for _ in range(5):
        reply = await service.should_rate_limit(question(door), None)
        assert reply.overall_code == RateLimitResponseCode.OK
    return await service.should_rate_limit(question(door), None)


def headers(reply: RateLimitResponse) -> dict[str, str]:
    return {header.key: header.value for header in reply.response_headers_to_add}


async def test_an_admitted_call_goes_on_with_the_mark_and_its_caller_is_told_nothing() -> None:
    reply = await answering().should_rate_limit(question("rest"), None)
    (mark,) = reply.request_headers_to_add
    assert mark.key == COUNTED_KEY
    assert COUNTED.is_good(mark.value, LOGIN, "", "192.0.2.7")
    assert not reply.response_headers_to_add


async def test_a_refused_call_of_rest_is_told_in_headers() -> None:
    reply = await sixth("rest")
    assert reply.overall_code == RateLimitResponseCode.OVER_LIMIT
    told = headers(reply)
    assert told.keys() == {"retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}
    assert (told["ratelimit-limit"], told["ratelimit-remaining"]) == ("5", "0")
    assert not reply.request_headers_to_add


async def test_a_refused_call_of_grpc_has_details_too() -> None:
    told = headers(await sixth("grpc"))
    raw = told["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(base64.b64decode(raw + "=" * (-len(raw) % 4)))
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    assert any(detail.Unpack(retry) for detail in status.details)
    assert (info.reason, info.metadata["request_id"]) == ("RATE_LIMITED", "r1")
    assert status.message == told["grpc-message"]
    assert retry.retry_delay.seconds <= int(told["retry-after"]) <= 60


async def test_what_it_does_not_understand_goes_on_unmarked() -> None:
    reply = await answering().should_rate_limit(RateLimitRequest(domain="mootion"), None)
    assert reply.overall_code == RateLimitResponseCode.OK
    assert not reply.request_headers_to_add
