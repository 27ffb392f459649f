"""Which of the possible questions are written: spread over sections, kinds and concepts, the best first."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from random import Random

from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.draft import Seed
from services.llm.extractive.questions.gate import Gate
from services.llm.extractive.questions.reading import Reading

# How much one earlier question on the same term, of the same kind, put the same way, or from the same sentence counts.
_SAME_TERM = 0.80
_SAME_SENTENCE = 0.30
_SAME_KIND = 0.60
_SAME_TEMPLATE = 0.35
_CHANCE = 0.20
# What each term that no question has touched yet adds, two at most.
_NEW_MENTION = 0.15
# What a section without a question adds.
_NEW_SECTION = 0.25
# A section's best question must be worth this much; the next step down comes when no section has any.
_COVERING_GAIN = 0.3
_LEAST_GAINS = (0.9, 0.6, 0.3, 0.0, -0.5, -100.0)
# Drafts that may be refused, for each question wanted and in all: a text that repeats itself has no more to give.
_REFUSALS_EACH = 12
_REFUSALS = 400

Write = Callable[[Seed], Item | None]


class Selection:
    """Takes seeds section by section; a section's turn goes to the seed that adds most to what was taken before."""

    def __init__(self, reading: Reading, seeds: Sequence[Seed], gate: Gate, random: Random) -> None:
        self._reading = reading
        self._gate = gate
        self._terms: Counter[int] = Counter()
        self._kinds: Counter[int] = Counter()
        self._templates: Counter[str] = Counter()
        self._sentences: Counter[int] = Counter()
        self._sections: Counter[int] = Counter()
        self._mentions: dict[int, frozenset[int]] = {}
        self._covered: frozenset[int] = frozenset()
        self._kind_count = len({seed.kind for seed in seeds}) or 1
        self._template_count = len({seed.template for seed in seeds}) or 1
        self._worth = {id(seed): self._plain_worth(seed) + _CHANCE * random.random() for seed in seeds}
        self._waiting = self._by_section(seeds)
        self._refusals_left = 0

    def take(self, count: int, write: Write) -> list[tuple[Seed, Item]]:
        """Up to `count` admitted items with their seeds, in the order taken.

        Sections take turns: one each where there are enough items for all of them, then as long as others have
        something better, a section with nothing good waits. Fewer come where too many drafts were refused.
        """
        self._refusals_left = _REFUSALS_EACH * count + _REFUSALS
        taken: list[tuple[Seed, Item]] = []
        if count >= len(self._waiting):
            self._round(_COVERING_GAIN, count, write, taken)
        for least in _LEAST_GAINS:
            found = True
            while found and len(taken) < count:
                found = self._round(least, count - len(taken), write, taken)
        return taken

    def _round(self, least: float, room: int, write: Write, taken: list[tuple[Seed, Item]]) -> bool:
        """One turn of every section; False when none had anything worth `least`."""
        before = len(taken)
        for section in self._turns():
            if len(taken) - before < room:
                pair = self._from_section(section, write, least)
                taken.extend([pair] if pair is not None else [])
        return len(taken) > before

    def _turns(self) -> list[int]:
        """Sections that still have seeds, the one with the best seed first."""
        self._waiting = {section: seeds for section, seeds in self._waiting.items() if seeds}
        return sorted(
            self._waiting, key=lambda s: (-max(self._worth[id(seed)] for seed in self._waiting[s]), s)
        )

    def _from_section(self, section: int, write: Write, least: float) -> tuple[Seed, Item] | None:
        seeds = self._waiting[section]
        while seeds and self._refusals_left:
            gain, position = max((self._gain(seed), -i) for i, seed in enumerate(seeds))
            if gain < least:
                return None
            seed = seeds.pop(-position)
            item = write(seed)
            if item is not None and self._gate.admit(item):
                self._count(seed)
                return seed, item
            self._refusals_left -= 1
        return None

    def _by_section(self, seeds: Sequence[Seed]) -> dict[int, list[Seed]]:
        waiting: dict[int, list[Seed]] = defaultdict(list)
        for seed in seeds:
            waiting[self._section(seed)].append(seed)
        return dict(waiting)

    def _section(self, seed: Seed) -> int:
        return self._reading.analysis.section_of[seed.sentence.passage]

    def _plain_worth(self, seed: Seed) -> float:
        importance = self._reading.terms[seed.term].importance if seed.term >= 0 else 0.3
        return seed.quality + 0.35 * importance

    def _gain(self, seed: Seed) -> float:
        asked = sum(self._kinds.values()) + 1
        kind_excess = self._kinds[seed.kind] / asked * self._kind_count - 1
        template_excess = self._templates[seed.template] / asked * self._template_count - 1
        return (
            self._worth[id(seed)]
            + _NEW_SECTION * (self._section(seed) not in self._sections)
            + _NEW_MENTION * min(2, len(self._mentioned(seed) - self._covered))
            - _SAME_TERM * min(3, self._terms[seed.term])
            - _SAME_SENTENCE * self._sentences[seed.sentence.index]
            - _SAME_KIND * max(-1.0, min(2.0, kind_excess)) / 2
            - _SAME_TEMPLATE * max(-1.0, min(2.0, template_excess)) / 2
        )

    def _mentioned(self, seed: Seed) -> frozenset[int]:
        """The terms in the sentence that a seed asks about."""
        index = seed.sentence.index
        if index not in self._mentions:
            self._mentions[index] = frozenset(m.term for m in self._reading.mentions(seed.sentence))
        return self._mentions[index]

    def _count(self, seed: Seed) -> None:
        self._covered |= self._mentioned(seed)
        self._terms[seed.term] += 1
        self._kinds[seed.kind] += 1
        self._templates[seed.template] += 1
        self._sentences[seed.sentence.index] += 1
        self._sections[self._section(seed)] += 1
