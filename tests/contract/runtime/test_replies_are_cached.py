"""A reply is served again while it is young, to those whom the policy lets share it."""

import asyncio
import itertools

import pytest
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh.runtime import Runtime
from mesh.service import Parts
from mesh.testing import running
from tests.contract.runtime.conftest import Served
from tests.contract.runtime.toy import Toy, parts
from tests.stopwatch import needing_less_than, undisturbed

KEPT_SECONDS = 1.0


async def test_equal_calls_run_the_handler_once(served: Served) -> None:
    before = itertools.count()

    async def asked(_: float) -> None:
        number = next(before)
        request = toy.GetMineRequest(key=f"key {number}")
        with needing_less_than(KEPT_SECONDS):
            replies = await asyncio.gather(*(served.stub().GetMine(request) for _ in range(32)))
            assert {reply.runs for reply in replies} == {number + 1}

    await undisturbed(asked, *[KEPT_SECONDS] * 5)


async def test_another_request_and_another_principal_run_it_again(served: Served) -> None:
    assert (await served.stub(principal="ada").GetMine(toy.GetMineRequest(key="a"))).runs == 1
    assert (await served.stub(principal="bob").GetMine(toy.GetMineRequest(key="a"))).runs == 2
    assert (await served.stub(principal="ada").GetMine(toy.GetMineRequest(key="b"))).runs == 3


async def test_a_shared_reply_serves_everybody(served: Served) -> None:
    async def asked(_: float) -> None:
        with needing_less_than(KEPT_SECONDS):
            runs = [
                (await served.stub(principal=principal).GetShared(toy.GetSharedRequest(key="a"))).runs
                for principal in ("ada", "bob", None)
            ]
            assert len(set(runs)) == 1

    await undisturbed(asked, *[KEPT_SECONDS] * 5)


async def test_an_old_reply_is_not_served(served: Served) -> None:
    await served.stub().GetMine(toy.GetMineRequest(key="a"))
    await asyncio.sleep(KEPT_SECONDS + 0.05)
    assert (await served.stub().GetMine(toy.GetMineRequest(key="a"))).runs == 2


class Broken:
    """A cache that does not answer."""

    async def get(self, key: str) -> bytes | None:
        raise ConnectionRefusedError

    async def set(self, key: str, value: bytes, ttl_seconds: float) -> None:
        raise ConnectionRefusedError


async def test_a_cache_that_does_not_answer_costs_only_time(capsys: pytest.CaptureFixture[str]) -> None:
    def build(runtime: Runtime) -> Parts:
        object.__setattr__(runtime, "cache", Broken())
        return parts(Toy(runtime))

    async with running(build) as found:
        stub = found.stub(rpc.ToyServiceStub, "toy")
        assert [(await stub.GetMine(toy.GetMineRequest())).runs for _ in range(2)] == [1, 2]
    assert "cache does not answer" in capsys.readouterr().err
