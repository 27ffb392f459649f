"""What the rate-limit service answers Envoy, message by message, as Envoy's own contracts read and write it."""

import base64
import subprocess
import sys

from envoy_data_plane.envoy.extensions.common.ratelimit.v3 import (
    RateLimitDescriptor,
    RateLimitDescriptorEntry,
    RateLimitDescriptorRateLimitOverride,
)
from envoy_data_plane.envoy.service.ratelimit.v3 import (
    RateLimitRequest,
    RateLimitResponse,
    RateLimitResponseCode,
)
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from gateway import rate_limit_messages
from gateway.limiter import Limiter
from gateway.rate_limit_service import Answering
from mesh.counted import COUNTED_KEY, Counted
from mesh.policy import all_methods
from mesh.ports.limits_memory import MemoryLimits

LOGIN = "/mootion.identity.v1.IdentityService/Login"
COUNTED = Counted(b"k" * 32)


def answering() -> Answering:
    return Answering(Limiter(MemoryLimits(), COUNTED, all_methods()))


def question(said: dict[str, str]) -> RateLimitRequest:
    entries = [RateLimitDescriptorEntry(key=key, value=value) for key, value in said.items()]
    return RateLimitRequest(domain="mootion", descriptors=[RateLimitDescriptor(entries=entries)])


def about_login(door: str) -> RateLimitRequest:
    return question({"method": LOGIN, "door": door, "remote_address": "192.0.2.7", "request_id": "r1"})


async def answer(service: Answering, request: RateLimitRequest) -> RateLimitResponse:
    return RateLimitResponse.parse(await service.should_rate_limit(bytes(request), None))


async def sixth(door: str) -> RateLimitResponse:
    service = answering()
    for _ in range(5):
        reply = await answer(service, about_login(door))
        assert reply.overall_code == RateLimitResponseCode.OK
    return await answer(service, about_login(door))


def headers(reply: RateLimitResponse) -> dict[str, str]:
    return {header.key: header.value for header in reply.response_headers_to_add}


async def test_an_admitted_call_goes_on_with_the_mark_and_its_caller_is_told_nothing() -> None:
    reply = await answer(answering(), about_login("rest"))
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
    reply = await answer(answering(), RateLimitRequest(domain="mootion"))
    assert reply.overall_code == RateLimitResponseCode.OK
    assert not reply.request_headers_to_add


TEXTS = st.dictionaries(st.text(), st.text(), max_size=6)


@given(said=TEXTS)
def test_whatever_envoy_says_is_read_as_it_was_meant(said: dict[str, str]) -> None:
    assert rate_limit_messages.said(bytes(question(said))) == said


@given(told=TEXTS)
def test_whatever_headers_are_told_envoy_reads_them_so(told: dict[str, str]) -> None:
    inward = RateLimitResponse.parse(rate_limit_messages.admitted(told.items()))
    outward = RateLimitResponse.parse(rate_limit_messages.refused(told.items()))
    assert inward.overall_code == RateLimitResponseCode.OK
    assert outward.overall_code == RateLimitResponseCode.OVER_LIMIT
    assert {one.key: one.value for one in inward.request_headers_to_add} == told == headers(outward)
    assert not inward.response_headers_to_add and not outward.request_headers_to_add


def test_what_envoy_says_besides_is_skipped() -> None:
    request = question({"method": LOGIN})
    request.hits_addend = 3
    request.descriptors[0].limit = RateLimitDescriptorRateLimitOverride(requests_per_unit=7)
    assert rate_limit_messages.said(bytes(request)) == {"method": LOGIN}


def test_no_program_that_runs_loads_what_the_edge_is_derived_with() -> None:
    """Half a second and 20 MB at the start of the system otherwise."""
    program = "import sys, cli.system, gateway.__main__; print('envoy_data_plane' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
