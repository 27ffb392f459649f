"""Judges what a system did against what it was asked to do and what it said it had done."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Verdict:
    """How a history ended.

    Args:
        attempted: distinct things asked for. acknowledged: of these, the ones that were said to be done.
        lost: acknowledged and without effect. duplicated: with more than one effect.
        recovered: with an effect though nobody heard the acknowledgement, which is allowed.
        unexpected: with an effect or an acknowledgement though nobody asked.
    """

    attempted: int
    acknowledged: int
    lost: int
    duplicated: int
    recovered: int
    unexpected: int

    @property
    def holds(self) -> bool:
        """Nothing lost, nothing done twice, nothing that nobody asked for."""
        return not (self.lost or self.duplicated or self.unexpected)

    def numbers(self) -> dict[str, int]:
        """All counts by name."""
        return asdict(self)


def judge(attempted: Iterable[str], acknowledged: Iterable[str], effects: Iterable[str]) -> Verdict:
    """Holds where `attempted` contains `acknowledged`, and `effects` all of `acknowledged`, each once.

    Args:
        attempted: names of what was asked for; a name asked for again is one.
        acknowledged: names that the system said were done; saying so twice is no fault.
        effects: the name of each effect, as often as it is there.
    """
    asked, said, done = set(attempted), set(acknowledged), Counter(effects)
    return Verdict(
        attempted=len(asked),
        acknowledged=len(said),
        lost=len(said - done.keys()),
        duplicated=sum(count > 1 for count in done.values()),
        recovered=len((done.keys() & asked) - said),
        unexpected=len((done.keys() | said) - asked),
    )
