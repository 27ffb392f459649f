"""Settings of this service alone, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from mesh.config import ConfigurationError

MOST_DAYS = 36_500


@dataclass(frozen=True)
class QuizSettings:
    """How long attempts are kept.

    Args:
        attempt_days: after so many days from its start an attempt is removed; 0: never by age.
    """

    attempt_days: int = 0

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "QuizSettings":
        """Reads MOOTION_ATTEMPT_DAYS.

        Raises:
            ConfigurationError: it is not a whole number in its range.
        """
        value = env.get("MOOTION_ATTEMPT_DAYS") or "0"
        if not (value.isascii() and value.isdigit() and int(value) <= MOST_DAYS):
            wanted = f"give a whole number of days from 0 (keep all) to {MOST_DAYS}"
            raise ConfigurationError([f"MOOTION_ATTEMPT_DAYS={value!r}: {wanted}"])
        return cls(int(value))
