"""Attempts older than the operator keeps them go, by the time in their ids; others and their quizzes stay."""

import pytest
from mootion.quiz.v1 import quiz_pb2
from sqlalchemy import select

from mesh.config import ConfigurationError
from mesh.ids import Ids
from mesh.testing import running
from services.quiz import retention, store
from services.quiz.__main__ import build
from services.quiz.settings import QuizSettings

NOW = 1_800_000_000.0


async def test_attempts_from_before_a_time_are_removed_and_no_others() -> None:
    ages_in_days = [0.0, 29.9, 30.1, 400.0]
    ids = [Ids(lambda age=age: int((NOW - age * 86_400) * 1000)).new() for age in ages_in_days]  # type: ignore[misc]
    async with running(build) as served:
        database = served.runtime.database
        async with database.transaction() as tx:
            for attempt_id in ids:
                await store.add_attempt(tx, "ada", quiz_pb2.Attempt(attempt_id=attempt_id, quiz_id="q"))
        assert await retention.sweep(database, NOW - 30 * retention.DAY_SECONDS) == 2
        async with database.reading() as reader:
            left = set((await reader.execute(select(store.attempts.c.attempt_id))).scalars())
    assert left == set(ids[:2])


async def test_more_than_one_transaction_takes_are_all_removed() -> None:
    ids = Ids(lambda: int(NOW * 1000))
    async with running(build) as served:
        async with served.runtime.database.transaction() as tx:
            for _ in range(1001):
                await store.add_attempt(tx, "ada", quiz_pb2.Attempt(attempt_id=ids.new(), quiz_id="q"))
        assert await retention.sweep(served.runtime.database, NOW + 1) == 1001


async def test_where_all_are_kept_nothing_sweeps() -> None:
    async with running(build) as served:
        await retention.sweep_always(served.runtime.database, lambda: NOW, 0)


def test_the_days_are_read_from_the_environment() -> None:
    assert QuizSettings.from_environment({"MOOTION_ATTEMPT_DAYS": "730"}).attempt_days == 730
    assert QuizSettings.from_environment({}).attempt_days == 0


@pytest.mark.parametrize("value", ["-1", "two years", "36501", "٣"])
def test_days_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="whole number of days"):
        QuizSettings.from_environment({"MOOTION_ATTEMPT_DAYS": value})
