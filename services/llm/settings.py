"""Settings of this service alone, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from mesh.config import ConfigurationError

MOST_PROCESSES = 64
MOST_UNITS = 1_000_000


@dataclass(frozen=True)
class LlmSettings:
    """How the engines run.

    Args:
        processes: of the built-in engine at the most, each about 100 MB once it has worked.
        daily_tokens: what a principal may spend at a remote engine in a day before the built-in one takes over; 0 for
        no limit.
        daily_cost: units that a remote engine may cost a principal in any 24 hours; 0 for no limit.
    """

    processes: int = 1
    daily_tokens: int = 0
    daily_cost: int = 0

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "LlmSettings":
        """Reads MOOTION_LLM_PROCESSES, MOOTION_LLM_DAILY_TOKENS and MOOTION_ENGINE_DAILY_COST.

        Raises:
            ConfigurationError: one of them is not a number in its range; every problem is listed.
        """
        problems: list[str] = []
        settings = cls(
            processes=_number(env, "MOOTION_LLM_PROCESSES", 1, 1, MOST_PROCESSES, problems),
            daily_tokens=_number(env, "MOOTION_LLM_DAILY_TOKENS", 0, 0, 10**12, problems),
            daily_cost=_number(env, "MOOTION_ENGINE_DAILY_COST", 0, 0, MOST_UNITS, problems),
        )
        if problems:
            raise ConfigurationError(problems)
        return settings


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int, problems: list[str]) -> int:
    value = env.get(name) or str(default)
    if value.isascii() and value.isdigit() and low <= int(value) <= high:
        return int(value)
    problems.append(f"{name}={value!r}: give a whole number from {low} to {high}")
    return default
