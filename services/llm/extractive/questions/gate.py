"""The gate that every item passes before anybody sees it: each rule has a name, and the first broken one is told."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions import rules
from services.llm.extractive.questions.item_view import ItemView
from services.llm.extractive.questions.reading import Reading


class Fault(StrEnum):
    """Why an item is refused."""

    BROKEN_KEY = "no single key"
    TOO_FEW_OPTIONS = "too few options"
    QUOTE_NOT_IN_SOURCE = "quote not in source"
    KEY_IN_STEM = "key visible in stem"
    GIVEAWAY_WORD = "word shared by stem and key alone"
    OPTION_OVERLAP = "option overlap"
    ALSO_RIGHT = "option also right"
    GIVEAWAY_LENGTH = "giveaway length"
    GRAMMAR_MISMATCH = "grammar mismatch"
    DANGLING_REFERENCE = "dangling reference"
    UNREADABLE = "unreadable"
    NEAR_DUPLICATE = "near duplicate"


RULES: tuple[tuple[Fault, Callable[[ItemView], bool]], ...] = (
    (Fault.BROKEN_KEY, rules.key_is_broken),
    (Fault.TOO_FEW_OPTIONS, rules.has_too_few_options),
    (Fault.QUOTE_NOT_IN_SOURCE, rules.quote_is_foreign),
    (Fault.UNREADABLE, rules.is_unreadable),
    (Fault.KEY_IN_STEM, rules.shows_key_in_stem),
    (Fault.OPTION_OVERLAP, rules.options_overlap),
    (Fault.ALSO_RIGHT, rules.other_option_is_right),
    (Fault.GIVEAWAY_WORD, rules.shared_word_gives_key_away),
    (Fault.GIVEAWAY_LENGTH, rules.length_gives_key_away),
    (Fault.GRAMMAR_MISMATCH, rules.grammar_gives_key_away),
    (Fault.DANGLING_REFERENCE, rules.points_outside),
)


@dataclass(frozen=True, slots=True)
class _Asked:
    stems: frozenset[str]
    text: str


class Gate:
    """Admits items one after the other; knows those it admitted, and counts what it refused by reason."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._asked: list[_Asked] = []
        self._proofs: set[tuple[str, str, str]] = set()
        self.rejections: Counter[str] = Counter()

    def fault(self, item: Item) -> Fault | None:
        """The first rule that `item` breaks; None where it may pass."""
        view = ItemView(item, self._reading)
        broken = next((fault for fault, breaks in RULES if breaks(view)), None)
        if broken is None and self._is_near_duplicate(view):
            return Fault.NEAR_DUPLICATE
        return broken

    def admit(self, item: Item) -> bool:
        """Whether `item` passes; it is remembered if it does and counted by reason if not."""
        fault = self.fault(item)
        if fault is not None:
            self.rejections[fault.value] += 1
            return False
        view = ItemView(item, self._reading)
        self._asked.append(_Asked(view.question_stems, view.flat_stem))
        self._proofs.add(view.proof)
        return True

    def _is_near_duplicate(self, view: ItemView) -> bool:
        if view.proof in self._proofs:
            return True
        return any(
            asked.text == view.flat_stem or _share(asked.stems, view.question_stems) >= view.duplicate_share
            for asked in self._asked
        )


def _share(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / max(1, len(a | b))
