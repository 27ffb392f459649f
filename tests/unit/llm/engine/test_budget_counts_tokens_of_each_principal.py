"""DailyBudget: tokens by principal and day, and an end to them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesh import context
from mesh.ids import Ids
from mesh.ports.sql_sqlite import SqliteDatabase
from services.llm import store
from services.llm.budget import DailyBudget
from services.llm.failures import BudgetSpent


@dataclass
class Calendar:
    time: datetime = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await SqliteDatabase.open(tmp_path / "rows.db", now=lambda: 0.0, new_id=Ids().new)
    await opened.create_tables(store.metadata)
    yield opened
    await opened.close()


async def spend(budget: DailyBudget, principal: str, prompt: int, completion: int) -> None:
    with context.acting_for(principal, request_id="r", timeout_seconds=5):
        await budget.check()
        await budget.spent(prompt, completion)


async def test_tokens_add_up_for_each_principal_engine_and_day(database: SqliteDatabase) -> None:
    calendar = Calendar()
    remote = DailyBudget(database, calendar, "openai")
    other = DailyBudget(database, calendar, "other")
    await spend(remote, "ada", 10, 1)
    await spend(remote, "ada", 20, 2)
    await spend(remote, "bob", 5, 5)
    await spend(other, "ada", 7, 7)
    calendar.time += timedelta(hours=2)
    await spend(remote, "ada", 100, 100)
    async with database.reading() as reader:
        today = await store.usage_of(reader, "ada", "2026-03-01")
        tomorrow = await store.usage_of(reader, "ada", "2026-03-02")
    assert today == [
        store.Usage("ada", "2026-03-01", "openai", 30, 3),
        store.Usage("ada", "2026-03-01", "other", 7, 7),
    ]
    assert tomorrow == [store.Usage("ada", "2026-03-02", "openai", 100, 100)]


async def test_a_spent_budget_refuses_its_principal_alone_and_until_midnight(
    database: SqliteDatabase,
) -> None:
    calendar = Calendar()
    budget = DailyBudget(database, calendar, "openai", daily_tokens=50)
    await spend(budget, "ada", 40, 9)
    await spend(budget, "ada", 40, 9)
    with pytest.raises(BudgetSpent):
        await spend(budget, "ada", 1, 1)
    await spend(budget, "bob", 1, 1)
    calendar.time += timedelta(hours=1)
    await spend(budget, "ada", 1, 1)


async def test_no_budget_set_is_no_limit(database: SqliteDatabase) -> None:
    budget = DailyBudget(database, Calendar(), "openai", daily_tokens=0)
    for _ in range(3):
        await spend(budget, "ada", 10**9, 10**9)
