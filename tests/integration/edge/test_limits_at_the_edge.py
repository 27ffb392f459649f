"""Limits of the contracts hold at the edge, where a rate-limit service counts; nothing is counted twice, nothing is
unlimited while it is down, and no header from outside changes whom it counts."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from functools import partial

import grpc
import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2
from mootion.identity.v1 import identity_service_pb2
from mootion.identity.v1.identity_service_pb2_grpc import IdentityServiceStub

from gateway import edge, placement
from mesh.derive.envoy.limits import ANSWER_SECONDS
from mesh.testing import free_port
from tests.integration.edge.edge_running import Reply
from tests.integration.edge.limited import Front, front
from tests.stopwatch import Stopwatch

LOGIN = "/mootion.identity.v1.IdentityService/Login"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An edge that waits for its rate-limit service, which shares a busy processor with the hashing of passwords."""
    derived = (placement.GATEWAY / "envoy.json").read_text()
    waiting = f'"timeout": "{ANSWER_SECONDS:.3f}s"'
    assert derived.count(waiting) == 1
    patient = derived.replace(waiting, '"timeout": "30s"')
    monkeypatch.setattr(edge, "placed", partial(placement.placed, derived=patient))


@pytest.fixture
async def limited(patient: None) -> AsyncIterator[Front]:
    async with front() as found:
        yield found


def told(reply: Reply) -> tuple[str, float]:
    """Reason of a refusal, and when to come back in seconds; checks that body and headers say the same."""
    assert (reply.status, reply.headers["content-type"]) == (429, "application/json"), reply
    status = json_format.Parse(reply.body, status_pb2.Status())
    assert status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    return _details(status, reply.headers)


def _details(status: status_pb2.Status, headers: dict[str, str]) -> tuple[str, float]:
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    assert any(detail.Unpack(retry) for detail in status.details)
    assert info.metadata["request_id"]
    assert int(headers["retry-after"]) - 1 <= retry.retry_delay.seconds <= int(headers["retry-after"])
    assert headers["ratelimit-remaining"] == "0"
    assert int(headers["ratelimit-reset"]) >= 1
    return info.reason, float(retry.retry_delay.seconds)


async def test_an_address_signs_in_five_times_a_minute_and_is_counted_once(limited: Front) -> None:
    replies = await asyncio.gather(*(limited.login() for _ in range(12)))
    assert sorted(reply.status for reply in replies) == [401] * 5 + [429] * 7
    refused = next(reply for reply in replies if reply.status == 429)
    reason, wait = told(refused)
    assert reason == "RATE_LIMITED"
    assert 30 < wait <= 60
    assert refused.headers["ratelimit-limit"] == "5"
    # Every question came to the rate-limit service, and no service counted what it had admitted.
    assert limited.asked == [f"{LOGIN}:60:127.0.0.1"] * 12


async def test_by_grpc_the_refusal_says_the_same(limited: Front) -> None:
    async with grpc.aio.insecure_channel(f"localhost:{limited.settings.edge_port}") as channel:
        stub = IdentityServiceStub(channel)
        request = identity_service_pb2.LoginRequest(username="nobody-here", password="whatever it is")
        codes = []
        for _ in range(6):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.Login(request, timeout=60)
            codes.append(refused.value.code())
    assert codes == [grpc.StatusCode.UNAUTHENTICATED] * 5 + [grpc.StatusCode.RESOURCE_EXHAUSTED]
    error = refused.value
    metadata = [*(error.initial_metadata() or ()), *(error.trailing_metadata() or ())]
    raw = next(value for key, value in metadata if key == "grpc-status-details-bin")
    status = status_pb2.Status.FromString(raw)
    headers = {key: value for key, value in metadata if isinstance(value, str)}
    assert _details(status, headers)[0] == "RATE_LIMITED"
    assert status.message == error.details()
    assert "No more than 5 calls" in status.message


async def test_the_account_of_a_token_is_counted_wherever_it_calls_from(limited: Front) -> None:
    ada, eve = await limited.register("ada"), await limited.register("eve")
    wrong = {"password": "not the right one", "newPassword": "another good one"}

    async def change(token: str) -> int:
        headers = {"authorization": f"Bearer {token}"}
        reply = await limited.call("POST", "/v1/account:changePassword", wrong, headers)
        return reply.status

    limited.asked.clear()
    assert [await change(ada) for _ in range(6)][5] == 429
    assert await change(eve) != 429
    assert len(limited.asked) == 7
    assert len(set(limited.asked)) == 2


async def test_no_header_from_outside_makes_another_address_or_a_call_that_was_counted(
    limited: Front,
) -> None:
    statuses = []
    for number in range(8):
        forged = {
            "x-forwarded-for": f"198.51.100.{number}",
            "x-real-ip": f"198.51.100.{number}",
            "forwarded": f"for=198.51.100.{number}",
            "x-envoy-external-address": f"198.51.100.{number}",
            "mootion-address": f"198.51.100.{number}",
            "mootion-counted": "counted-v1 1 forged",
        }
        statuses.append((await limited.login(**forged)).status)
    assert statuses == [401] * 5 + [429] * 3


@pytest.mark.usefixtures("patient")
async def test_behind_a_trusted_proxy_its_word_names_the_address_and_no_further_one() -> None:
    async with front(trusted_proxies=1) as found:

        async def last(word: str, times: int) -> int:
            replies = [await found.login(**{"x-forwarded-for": word}) for _ in range(times)]
            return replies[-1].status

        assert await last("203.0.113.9, 198.51.100.1", 6) == 429
        # The proxy appends what it saw; what stands before that is its client's invention.
        assert await last("203.0.113.10, 198.51.100.1", 1) == 429
        assert await last("198.51.100.1, 198.51.100.2", 1) == 401


async def test_while_the_rate_limit_service_is_down_the_service_counts() -> None:
    async with front(limiter=f"127.0.0.1:{free_port()}") as found:
        statuses = [(await found.login()).status for _ in range(7)]
        assert statuses == [401] * 5 + [429] * 2
        reason, _ = told(await found.login())
        assert reason == "RATE_LIMITED"


async def test_a_rate_limit_service_that_says_nothing_costs_little_and_the_service_counts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with front(limiter=f"127.0.0.1:{silent.getsockname()[1]}") as found:
            took, statuses = [], []
            for _ in range(12):
                with Stopwatch() as watch:
                    statuses.append((await found.login()).status)
                took.append(watch.seconds)
            assert statuses == [401] * 5 + [429] * 7
            # Refused ones cost no hashing of passwords.
            assert min(took[5:]) < 2 * ANSWER_SECONDS


async def test_without_a_token_only_limits_by_address_are_asked_for(limited: Front) -> None:
    await limited.call("POST", "/v1/account:changePassword", {"password": "a"})
    await limited.call("GET", "/v1/account")
    assert limited.asked == []


async def test_the_flood_of_an_address_ends_at_the_first_door() -> None:
    async with front(address_limit=30) as found:
        replies = [await found.call("GET", "/v1/account") for _ in range(40)]
        assert 0 < [reply.status for reply in replies].count(429) <= 11
        # Every two seconds a call more is let in.
        refused = [reply for reply in replies if reply.status == 429][-1]
        assert told(refused) == ("RATE_LIMITED", 2)
        assert refused.headers["ratelimit-limit"] == "30"
        forged = [
            await found.call("GET", "/v1/account", headers={"x-forwarded-for": f"198.51.100.{number}"})
            for number in range(5)
        ]
        assert 429 in [reply.status for reply in forged]
        assert (await found.call("GET", "/healthz")).status != 429


async def test_a_refusal_of_the_platform_limit_says_when_to_come_back() -> None:
    async with front(principal_limit=3) as found:
        headers = {"authorization": f"Bearer {await found.register('ada')}"}
        replies = [await found.call("GET", "/v1/account", headers=headers) for _ in range(4)]
        assert [reply.status for reply in replies] == [200] * 3 + [429]
        assert told(replies[-1])[0] == "RATE_LIMITED"
        assert replies[-1].headers["ratelimit-limit"] == "3"
        assert json.loads(replies[-1].body)["message"].startswith("No more than 3 calls")
