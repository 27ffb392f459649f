"""DailyQuota: units of cost by principal in any 24 hours, and an end to them."""

import asyncio

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2

from mesh import context
from mesh.errors import CallError
from mesh.metrics import Metrics
from mesh.ports.limits_memory import MemoryLimits
from services.llm.failures import BudgetSpent
from services.llm.quota import DAY_SECONDS, DailyQuota, Measured, Meters, units
from tests.unit.llm.engine.scripted_server import CountingMeter


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def serving(principal: str, caller: str = "quiz") -> context.Entered:
    who = context.Principal(principal, policy_pb2.ACCESS_ROLE_STUDENT)
    return context.Entered(context.CallContext(who, caller, 60.0, "r", "/x"))


async def ask(
    meter: Meters | DailyQuota, principal: str, prompt: int, completion: int, caller: str = "quiz"
) -> None:
    with serving(principal, caller):
        await meter.check()
        await meter.spent(prompt, completion)


@pytest.mark.parametrize(
    ("prompt", "completion", "expected"),
    [(0, 0, 1), (1, 0, 1), (1_000, 0, 1), (1_001, 0, 2), (0, 250, 1), (500, 125, 1), (2_000, 1_000, 6)],
)
def test_a_unit_is_a_thousand_tokens_read_or_a_quarter_of_that_written(
    prompt: int, completion: int, expected: int
) -> None:
    assert units(prompt, completion) == expected


async def test_a_used_up_quota_refuses_its_principal_alone_and_says_when_to_come_back() -> None:
    clock = Clock()
    quota = DailyQuota(MemoryLimits(clock), "openai", 5)
    await ask(quota, "ada", 3_000, 0)
    clock.seconds = 3_600.0
    await ask(quota, "ada", 2_000, 0)
    with pytest.raises(CallError) as refused:
        await ask(quota, "ada", 1, 0)
    assert (refused.value.code, refused.value.reason) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        reason_pb2.REASON_QUOTA_EXHAUSTED,
    )
    assert refused.value.retry_after_seconds == pytest.approx(DAY_SECONDS - 3_600.0)
    await ask(quota, "bob", 1, 0)
    clock.seconds = DAY_SECONDS + 1
    await ask(quota, "ada", 1, 0)


async def test_a_reply_that_costs_more_than_is_left_uses_up_what_is_left() -> None:
    quota = DailyQuota(MemoryLimits(Clock()), "openai", 10)
    await ask(quota, "ada", 8_000, 0)
    await ask(quota, "ada", 50_000, 0)
    with pytest.raises(CallError):
        await ask(quota, "ada", 1, 0)


async def test_documents_are_read_with_the_built_in_engine_when_the_quota_is_used_up() -> None:
    quota = DailyQuota(MemoryLimits(Clock()), "openai", 1)
    await ask(quota, "ada", 1, 0, "document-worker")
    with pytest.raises(BudgetSpent):
        await ask(quota, "ada", 1, 0, "document-worker")


@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 3_000)), max_size=12), st.integers(1, 30))
def test_what_one_call_at_a_time_costs_goes_beyond_the_quota_by_the_last_call_at_most(
    calls: list[tuple[int, int]], most: int
) -> None:
    async def admitted() -> list[int]:
        quota = DailyQuota(MemoryLimits(Clock()), "openai", most)
        costs = []
        for prompt, completion in calls:
            try:
                await ask(quota, "ada", prompt, completion)
            except CallError:
                break
            costs.append(units(prompt, completion))
        return costs

    costs = asyncio.run(admitted())
    assert sum(costs[:-1]) < most or not costs[:-1]


async def test_what_a_meter_refuses_no_later_meter_is_asked_for_and_every_meter_is_told_the_cost() -> None:
    metrics, first, second = Metrics(), CountingMeter(left=1), CountingMeter()
    measured = Measured("openai", metrics.engine_tokens, metrics.engine_cost)
    meters = Meters([measured, first, second])
    await ask(meters, "ada", 1_500, 250)
    with pytest.raises(BudgetSpent):
        await ask(meters, "ada", 1, 1)
    assert (first.prompt_tokens, second.prompt_tokens, second.left) == (1_500, 1_500, 999_999)
    found = metrics.registry.get_sample_value
    assert found("mootion_engine_tokens_total", {"engine": "openai", "kind": "prompt"}) == 1_500
    assert found("mootion_engine_tokens_total", {"engine": "openai", "kind": "completion"}) == 250
    assert found("mootion_engine_cost_units_total", {"engine": "openai"}) == 3
