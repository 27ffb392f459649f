"""The outcome of checking a reply against the document."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")
MOST_PROBLEMS_SHOWN = 12


class Reply(BaseModel):
    """Base of every reply and its parts: exactly the fields of the schema, all of them present."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Checked(Generic[T]):
    """What was kept of a reply, and sentences about what was dropped, for the model to correct.

    `kept` counts what the value holds: where it is 0 and there are problems, the value is of no use. `flawed` is true
    where the value as a whole is worth another attempt, whatever its parts.
    """

    value: T
    kept: int
    problems: Sequence[str] = field(default_factory=list)
    flawed: bool = False

    @property
    def usable(self) -> bool:
        """Whether it may be used when there is nothing better."""
        return self.kept > 0 or not self.problems

    @property
    def good(self) -> bool:
        """Whether it is worth no further attempt: no more was dropped than kept."""
        return self.usable and not self.flawed and len(self.problems) <= self.kept
