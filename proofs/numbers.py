"""What a proof found, and the one line of JSON that tells it."""

import json
from dataclasses import dataclass, field
from typing import Any

from proofs.history import Verdict


class CannotRun(Exception):
    """A proof needs something that is not there; the message says what. It is skipped, never passed."""


@dataclass
class Numbers:
    """What a proof counted, and each sentence of it that did not hold.

    Args:
        n: how often the thing was tried.
    """

    n: int
    values: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def check(self, holds: bool, otherwise: str) -> None:
        """Notes the sentence where something does not hold."""
        if not holds:
            self.broken.append(otherwise)

    def add_history(self, verdict: Verdict, name: str = "history") -> None:
        """Notes a history, and breaks the proof where it does not hold."""
        self.values[name] = verdict.numbers()
        self.check(verdict.holds, f"{name}: {verdict}")

    def measured(self, **values: Any) -> None:
        """Adds figures; floats are rounded to milliseconds and the like."""
        self.values |= {
            name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()
        }


@dataclass(frozen=True)
class Line:
    """The outcome of one proof in one mode."""

    id: str
    mode: str
    size: str
    seed: int
    seconds: float
    n: int = 0
    passed: bool = False
    skipped: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)
    broken: tuple[str, ...] = ()

    def as_json(self) -> str:
        """One line; `skipped` and `broken` stand only where there is something to say."""
        told: dict[str, Any] = {
            "id": self.id,
            "mode": self.mode,
            "size": self.size,
            "n": self.n,
            "seed": self.seed,
            "pass": self.passed,
            "seconds": round(self.seconds, 1),
        }
        if self.skipped:
            return json.dumps({**told, "pass": None, "skipped": self.skipped})
        if self.broken:
            told["broken"] = list(self.broken)
        return json.dumps({**told, "numbers": self.numbers})
