"""LlmService with an OpenAI-compatible server behind a real socket, and the built-in engine as its stand-in."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.event.v1 import event_pb2
from mootion.llm.v1 import llm_service_pb2 as messages
from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceStub

from mesh.config import Secret
from mesh.errors import CallError
from mesh.testing import Running, running
from services.llm import store
from services.llm.__main__ import build
from tests.integration.llm.chapter import PASSAGES
from tests.integration.llm.model_server import ModelServer, model_server
from tests.stopwatch import Stopwatch, needing_less_than, quickest, undisturbed

if TYPE_CHECKING:
    from mootion.llm.v1.llm_service_pb2_grpc import LlmServiceAsyncStub

KEY = "sk-canary-5a4b3c2d"


@asynccontextmanager
async def remote() -> AsyncIterator[tuple[ModelServer, Running]]:
    async with (
        model_server() as model,
        running(
            build,
            engine="openai",
            openai_base_url=model.url,
            openai_api_key=Secret(KEY),
            openai_model="tiny-1",
        ) as system,
    ):
        yield model, system


def client(system: Running, principal: str = "ada") -> "LlmServiceAsyncStub":
    return system.stub(LlmServiceStub, "llm", caller="flowchart", principal=principal)


def request(most: int = 20) -> messages.ExtractConceptsRequest:
    return messages.ExtractConceptsRequest(passages=PASSAGES, max_concepts=most)


async def tokens_of(system: Running, principal: str) -> int:
    today = system.runtime.clock.now().date().isoformat()
    async with system.runtime.database.reading() as reader:
        return sum(row.prompt_tokens for row in await store.usage_of(reader, principal, today))


async def test_the_model_answers_and_its_principal_pays_once_for_equal_requests() -> None:
    async with remote() as (model, system):
        replies = await asyncio.gather(*(client(system).ExtractConcepts(request()) for _ in range(200)))
        assert len(model.requests) == 1
        assert model.requests[0]["model"] == "tiny-1"
        assert model.keys == {f"Bearer {KEY}"}
        reply = await client(system, "bob").ExtractConcepts(request())
        assert all(reply == other for other in replies)
        assert (reply.engine.engine, reply.engine.model, reply.engine.fallback) == ("openai", "tiny-1", False)
        assert {c.name for c in reply.concepts} >= {"wave", "wavelength", "frequency"}
        assert (await tokens_of(system, "ada"), await tokens_of(system, "bob")) == (100, 0)


async def test_what_an_erased_account_has_spent_is_forgotten() -> None:
    async with remote() as (_, system):
        for principal in ("ada", "bob"):
            await client(system, principal).ExtractConcepts(request(10 if principal == "ada" else 20))
        assert await tokens_of(system, "ada") == await tokens_of(system, "bob") > 0
        async with system.runtime.database.transaction() as tx:
            tx.publish(event_pb2.Event(owner_id="ada", account_erased=event_pb2.AccountErased()))
        async with asyncio.timeout(60):
            while await tokens_of(system, "ada"):  # noqa: ASYNC110 - the events port tells
                await asyncio.sleep(0.02)
        assert await tokens_of(system, "bob") > 0


async def test_a_failing_model_is_stood_in_for_and_the_reply_says_so() -> None:
    async with remote() as (model, system):
        model.status = 401
        reply = await client(system).ExtractConcepts(request())
        assert (reply.engine.engine, reply.engine.fallback) == ("extractive", True)
        assert reply.concepts
        model.status = 200
        reply = await client(system).ExtractConcepts(request())
        assert (reply.engine.engine, reply.engine.fallback) == ("openai", False)


async def test_after_five_failures_the_model_is_left_alone() -> None:
    async with remote() as (model, system):
        model.status = 401
        for most in range(10, 18):
            assert (await client(system).ExtractConcepts(request(most))).engine.fallback
        assert len(model.requests) == 5


async def test_a_spent_budget_is_answered_by_the_built_in_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOTION_LLM_DAILY_TOKENS", "100")
    async with remote() as (model, system):
        assert not (await client(system).ExtractConcepts(request(10))).engine.fallback
        assert (await client(system).ExtractConcepts(request(11))).engine.fallback
        assert not (await client(system, "bob").ExtractConcepts(request(12))).engine.fallback
        assert len(model.requests) == 2


async def test_a_used_up_quota_refuses_until_units_are_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOTION_ENGINE_DAILY_COST", "1")
    async with remote() as (model, system):
        assert not (await client(system).ExtractConcepts(request(10))).engine.fallback
        with pytest.raises(CallError) as refused:
            await client(system).ExtractConcepts(request(11))
        assert (refused.value.code, refused.value.reason) == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            reason_pb2.REASON_QUOTA_EXHAUSTED,
        )
        assert 86_000 < (refused.value.retry_after_seconds or 0) <= 86_400
        assert not (await client(system).ExtractConcepts(request(10))).engine.fallback
        assert not (await client(system, "bob").ExtractConcepts(request(12))).engine.fallback
        assert len(model.requests) == 2


async def test_a_slow_model_is_left_in_time_for_the_stand_in() -> None:
    async with remote() as (model, system):
        await client(system).ExtractConcepts(request(9))
        model.status = 401
        await client(system).ExtractConcepts(request(8))
        model.status, model.seconds = 200, 60.0

        async def left_in(seconds: float) -> None:
            with needing_less_than(seconds):
                asked = request(10 + int(seconds))
                reply = await client(system).ExtractConcepts(asked, timeout=seconds)
                assert reply.engine.fallback

        await undisturbed(left_in, 4.0, 20.0)


async def test_a_call_that_is_given_up_ends_the_request_to_the_model() -> None:
    async with remote() as (model, system):
        model.seconds = 60.0
        numbers = itertools.count(10)

        async def took() -> float:
            model.asked.clear()
            model.abandoned.clear()
            call = asyncio.ensure_future(client(system).ExtractConcepts(request(next(numbers)), timeout=30.0))
            await model.asked.wait()
            with Stopwatch() as watch:
                call.cancel()
                await asyncio.wait_for(model.abandoned.wait(), 60)
            return watch.seconds

        assert await quickest(took, 0.25) < 0.25


async def test_nothing_of_the_key_or_the_server_is_in_an_error() -> None:
    async with remote() as (model, system):
        model.status = 401
        empty = messages.ExtractConceptsRequest(passages=PASSAGES[:1], max_concepts=1)
        empty.passages[0].text = "12 34. 56."
        with pytest.raises(CallError) as raised:
            await client(system).ExtractConcepts(empty)
        assert raised.value.code == grpc.StatusCode.FAILED_PRECONDITION
        assert KEY not in str(raised.value)
        assert model.url not in str(raised.value)
