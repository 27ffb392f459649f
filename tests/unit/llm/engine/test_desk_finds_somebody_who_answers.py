"""Desk: cached, shared, and answered by the stand-in when the engine cannot."""

import asyncio
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from mootion.document.v1.document_pb2 import Passage
from mootion.errors.v1 import reason_pb2
from mootion.llm.v1 import llm_service_pb2 as messages

from mesh import context
from mesh.breaker import CircuitBreaker, CircuitState
from mesh.errors import CallError, precondition
from mesh.ports.cache_memory import MemoryCache
from services.llm import engine as tasks
from services.llm.desk import Desk
from services.llm.engine import EXTRACT_CONCEPTS, TASKS, Task
from services.llm.failures import BudgetSpent, EngineFailure, EngineUnavailable, OutputInvalid
from tests.stopwatch import needing_less_than, undisturbed
from tests.unit.llm.engine.scripted_engine import ScriptedEngine


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def request(text: str = "A wave carries energy.") -> messages.ExtractConceptsRequest:
    return messages.ExtractConceptsRequest(passages=[Passage(text=text)])


def desk_of(
    engine: ScriptedEngine, stand_in: ScriptedEngine | None = None, clock: Clock | None = None
) -> Desk:
    return Desk(engine, stand_in, MemoryCache(), CircuitBreaker(clock or Clock()))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
async def test_every_task_is_answered_with_the_name_of_its_engine(task: Task[Any, Any]) -> None:
    engine = ScriptedEngine("one", "one-7")
    reply = await desk_of(engine).perform(task, task.request())
    assert isinstance(reply, task.reply)
    assert (reply.engine.engine, reply.engine.model, reply.engine.fallback) == ("one", "one-7", False)
    assert engine.asked == [task.name]


def test_the_tasks_are_the_methods_of_the_contract() -> None:
    service = messages.DESCRIPTOR.services_by_name["LlmService"]
    contract = {m.name: (m.input_type.full_name, m.output_type.full_name) for m in service.methods}
    known = {t.name: (t.request.DESCRIPTOR.full_name, t.reply.DESCRIPTOR.full_name) for t in tasks.TASKS}
    assert known == contract


async def test_two_hundred_equal_requests_are_one_call_and_the_next_is_answered_from_the_cache() -> None:
    engine = ScriptedEngine(seconds=0.01)
    desk = desk_of(engine)
    replies = await asyncio.gather(*(desk.perform(EXTRACT_CONCEPTS, request()) for _ in range(200)))
    assert len(engine.asked) == 1
    again = await desk.perform(EXTRACT_CONCEPTS, request())
    assert len(engine.asked) == 1
    assert all(reply == again for reply in replies)


async def test_other_text_or_another_model_is_another_call() -> None:
    engine = ScriptedEngine()
    desk = desk_of(engine)
    await desk.perform(EXTRACT_CONCEPTS, request())
    await desk.perform(EXTRACT_CONCEPTS, request("Sound is a wave."))
    engine.model = "scripted-2"
    await desk.perform(EXTRACT_CONCEPTS, request())
    assert len(engine.asked) == 3


@pytest.mark.parametrize(
    "failure",
    [EngineUnavailable("down"), OutputInvalid(["wrong"]), BudgetSpent("spent"), EngineFailure("other")],
    ids=lambda failure: type(failure).__name__,
)
async def test_the_stand_in_answers_for_any_failure_and_the_reply_says_so(failure: EngineFailure) -> None:
    desk = desk_of(ScriptedEngine("remote", error=failure), ScriptedEngine("built-in"))
    reply = await desk.perform(EXTRACT_CONCEPTS, request())
    assert reply.concepts[0].name == "built-in"
    assert (reply.engine.engine, reply.engine.fallback) == ("built-in", True)


async def test_a_reply_of_the_stand_in_is_not_kept_for_the_engine() -> None:
    engine = ScriptedEngine("remote", error=EngineUnavailable("down"))
    stand_in = ScriptedEngine("built-in")
    desk = desk_of(engine, stand_in)
    assert (await desk.perform(EXTRACT_CONCEPTS, request())).engine.fallback
    assert (await desk.perform(EXTRACT_CONCEPTS, request())).engine.fallback
    engine.error = None
    reply = await desk.perform(EXTRACT_CONCEPTS, request())
    assert (reply.engine.engine, reply.engine.fallback) == ("remote", False)
    assert len(stand_in.asked) == 1


async def test_an_engine_that_failed_five_times_is_not_asked_until_its_trial_after_thirty_seconds() -> None:
    clock = Clock()
    engine = ScriptedEngine("remote", error=EngineUnavailable("down"))
    desk = desk_of(engine, ScriptedEngine("built-in"), clock)
    for number in range(8):
        assert (await desk.perform(EXTRACT_CONCEPTS, request(f"{number}"))).engine.fallback
    assert len(engine.asked) == 5
    clock.seconds = 30.0
    engine.error = None
    assert not (await desk.perform(EXTRACT_CONCEPTS, request())).engine.fallback
    assert desk.breaker.state == CircuitState.CLOSED


async def test_without_a_stand_in_the_call_fails_with_engine_unavailable() -> None:
    desk = desk_of(ScriptedEngine(error=EngineUnavailable("a secret path")))
    with pytest.raises(CallError) as raised:
        await desk.perform(EXTRACT_CONCEPTS, request())
    assert raised.value.code == grpc.StatusCode.UNAVAILABLE
    assert raised.value.reason == reason_pb2.REASON_ENGINE_UNAVAILABLE
    assert "secret" not in raised.value.message


async def test_too_little_content_is_an_answer_and_nobody_stands_in() -> None:
    error = precondition(reason_pb2.REASON_TOO_LITTLE_CONTENT, "Too little.")
    stand_in = ScriptedEngine()
    desk = desk_of(ScriptedEngine(error=error), stand_in)
    with pytest.raises(CallError) as raised:
        await desk.perform(EXTRACT_CONCEPTS, request())
    assert raised.value.reason == reason_pb2.REASON_TOO_LITTLE_CONTENT
    assert stand_in.asked == []


async def test_a_slow_engine_is_left_early_enough_for_the_stand_in_to_answer_in_time() -> None:
    async def answered_in(seconds: float) -> None:
        desk = desk_of(ScriptedEngine("remote", seconds=60.0), ScriptedEngine("built-in"))
        with (
            needing_less_than(seconds),
            context.acting_for("ada", request_id="r", timeout_seconds=seconds),
        ):
            reply = await desk.perform(EXTRACT_CONCEPTS, request())
            assert reply.engine.fallback

    await undisturbed(answered_in, 0.5, 2, 10)


async def test_an_engine_given_next_to_no_time_has_not_failed() -> None:
    desk = desk_of(ScriptedEngine("remote", seconds=60.0), ScriptedEngine("built-in"))
    with context.acting_for("ada", request_id="r", timeout_seconds=0.05):
        for number in range(6):
            await desk.perform(EXTRACT_CONCEPTS, request(f"{number}"))
    assert desk.breaker.state == CircuitState.CLOSED


class BrokenCache(MemoryCache):
    async def get(self, key: str) -> bytes | None:
        raise ConnectionError("down")

    async def set(self, key: str, value: bytes, ttl_seconds: float) -> None:
        raise ConnectionError("down")


async def test_a_cache_that_fails_costs_a_call_and_nothing_else() -> None:
    engine = ScriptedEngine()
    desk = Desk(engine, None, BrokenCache())
    for _ in range(2):
        assert (await desk.perform(EXTRACT_CONCEPTS, request())).concepts[0].name == "scripted"
    assert len(engine.asked) == 2


async def test_closing_closes_both_engines() -> None:
    engine, stand_in = ScriptedEngine(), ScriptedEngine()
    await desk_of(engine, stand_in).close()
    assert engine.closed
    assert stand_in.closed


async def test_every_task_is_counted_by_engine_and_outcome() -> None:
    counted: list[tuple[str, str, str]] = []
    engine, stand_in = ScriptedEngine("remote"), ScriptedEngine("built-in")
    desk = Desk(
        engine,
        stand_in,
        MemoryCache(),
        CircuitBreaker(Clock()),
        count=lambda name, task, outcome: counted.append((name, task, outcome)),
    )
    await desk.perform(EXTRACT_CONCEPTS, request())
    await desk.perform(EXTRACT_CONCEPTS, request())
    engine.error = EngineUnavailable("down")
    await desk.perform(EXTRACT_CONCEPTS, request("other"))
    engine.error = precondition(reason_pb2.REASON_TOO_LITTLE_CONTENT, "too little")
    with pytest.raises(CallError):
        await desk.perform(EXTRACT_CONCEPTS, request("more"))
    assert counted == [
        ("remote", "ExtractConcepts", "done"),
        ("remote", "ExtractConcepts", "cached"),
        ("remote", "ExtractConcepts", "failed"),
        ("built-in", "ExtractConcepts", "done"),
        ("remote", "ExtractConcepts", "refused"),
    ]
