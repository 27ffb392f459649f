"""Which of the possible questions are written: spread over sections, kinds and concepts, the best first."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from random import Random

from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.draft import Seed
from services.llm.extractive.questions.gate import Gate
from services.llm.extractive.questions.reading import Reading

# How much one earlier question on the same term, of the same kind, put the same way, or from the same sentence counts.
_SAME_TERM = 0.45
_SAME_SENTENCE = 0.30
_SAME_KIND = 0.60
_SAME_TEMPLATE = 0.35
_CHANCE = 0.20

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
        self._kind_count = len({seed.kind for seed in seeds}) or 1
        self._template_count = len({seed.template for seed in seeds}) or 1
        self._worth = {id(seed): self._plain_worth(seed) + _CHANCE * random.random() for seed in seeds}
        self._waiting = self._by_section(seeds)

    def take(self, count: int, write: Write) -> list[tuple[Seed, Item]]:
        """Up to `count` admitted items with their seeds, in the order taken."""
        taken: list[tuple[Seed, Item]] = []
        while self._waiting and len(taken) < count:
            for section in self._turns():
                pair = self._from_section(section, write)
                if pair is not None:
                    taken.append(pair)
                if len(taken) == count:
                    break
        return taken

    def _turns(self) -> list[int]:
        """Sections that still have seeds, the one with the best seed first."""
        self._waiting = {section: seeds for section, seeds in self._waiting.items() if seeds}
        return sorted(self._waiting, key=lambda s: (-max(self._worth[id(seed)] for seed in self._waiting[s]), s))

    def _from_section(self, section: int, write: Write) -> tuple[Seed, Item] | None:
        seeds = self._waiting[section]
        while seeds:
            best = max(range(len(seeds)), key=lambda i: (self._gain(seeds[i]), -i))
            seed = seeds.pop(best)
            item = write(seed)
            if item is not None and self._gate.admit(item):
                self._count(seed)
                return seed, item
        return None

    def _by_section(self, seeds: Sequence[Seed]) -> dict[int, list[Seed]]:
        waiting: dict[int, list[Seed]] = defaultdict(list)
        for seed in seeds:
            waiting[self._reading.analysis.section_of[seed.sentence.passage]].append(seed)
        return dict(waiting)

    def _plain_worth(self, seed: Seed) -> float:
        importance = self._reading.terms[seed.term].importance if seed.term >= 0 else 0.3
        return seed.quality + 0.35 * importance

    def _gain(self, seed: Seed) -> float:
        asked = sum(self._kinds.values()) + 1
        kind_excess = self._kinds[seed.kind] / asked * self._kind_count - 1
        template_excess = self._templates[seed.template] / asked * self._template_count - 1
        return (
            self._worth[id(seed)]
            - _SAME_TERM * min(3, self._terms[seed.term])
            - _SAME_SENTENCE * self._sentences[seed.sentence.index]
            - _SAME_KIND * max(-1.0, min(2.0, kind_excess)) / 2
            - _SAME_TEMPLATE * max(-1.0, min(2.0, template_excess)) / 2
        )

    def _count(self, seed: Seed) -> None:
        self._terms[seed.term] += 1
        self._kinds[seed.kind] += 1
        self._templates[seed.template] += 1
        self._sentences[seed.sentence.index] += 1
