"""LlmSettings: read from the environment, every mistake named."""

import pytest

from mesh.config import ConfigurationError
from services.llm.settings import LlmSettings


def test_nothing_set_means_one_process_and_no_limit() -> None:
    assert LlmSettings.from_environment({"MOOTION_LLM_PROCESSES": ""}) == LlmSettings(1, 0)


def test_numbers_are_read() -> None:
    env = {"MOOTION_LLM_PROCESSES": "4", "MOOTION_LLM_DAILY_TOKENS": "100000"}
    assert LlmSettings.from_environment(env) == LlmSettings(4, 100_000)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        LlmSettings.from_environment(
            {
                "MOOTION_LLM_PROCESSES": "0",
                "MOOTION_LLM_DAILY_TOKENS": "-1",
                "MOOTION_ENGINE_DAILY_COST": "much",
            }
        )
    assert [problem.split("=")[0] for problem in raised.value.problems] == [
        "MOOTION_LLM_PROCESSES",
        "MOOTION_LLM_DAILY_TOKENS",
        "MOOTION_ENGINE_DAILY_COST",
    ]
