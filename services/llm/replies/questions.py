"""Questions of a model at the gate, merged, and what they cover."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import task_pb2

from services.llm.guard import Guard, stems_in, support
from services.llm.quotes import Quotes
from services.llm.replies.checked import Checked
from services.llm.replies.keys import KEYS, LEAST_SUPPORT, Proof, Refused
from services.llm.replies.question import QuestionReply, QuestionsReply

LONGEST_STEM = 700
LONGEST_OPTION = 400
LONGEST_EXPLANATION = 600
# Stems of two questions that share this much of their words ask the same.
NEAR_DUPLICATE_SHARE = 0.8


@dataclass(frozen=True)
class Written:
    """Questions that passed, and how many did not, by reason."""

    items: list[task_pb2.Item]
    rejections: Counter[str]


@dataclass(frozen=True)
class Gate:
    """Judges the questions on one part of a document.

    Args:
        concepts: names that a question may be about; empty for any that the text uses.
        kinds: kinds that were asked for.
        seed: orders the options.
    """

    passages: Sequence[Passage]
    concepts: Sequence[str]
    kinds: frozenset[task_pb2.QuestionKind.ValueType]
    seed: int
    guard: Guard

    def check(self, reply: QuestionsReply) -> Checked[Written]:
        """Keeps the questions that pass."""
        quotes = Quotes(self.passages)
        written = Written([], Counter())
        problems: list[str] = []
        for number, given in enumerate(reply.questions):
            try:
                written.items.append(self._item(given, quotes))
            except Refused as refused:
                written.rejections[refused.reason] += 1
                problems.append(f"Question {number}: {refused.detail}")
        return Checked(written, len(written.items), problems)

    def _item(self, given: QuestionReply, quotes: Quotes) -> task_pb2.Item:
        kind = task_pb2.QuestionKind.Value(given.kind)
        if kind not in self.kinds:
            raise Refused("kind not asked for", f"{given.kind} is not among the kinds wanted.")
        citation = quotes.find(given.quote)
        if citation is None:
            raise Refused("quote not in source", "its quote does not stand in the text word for word.")
        self._check_words(given)
        item = task_pb2.Item(
            kind=kind,
            stem=given.stem.strip(),
            explanation=given.explanation.strip(),
            citation=citation,
            concept=self._concept(given.concept),
            difficulty=min(1.0, max(0.0, given.difficulty)),
        )
        source = next(p.text for p in self.passages if p.passage_id == citation.passage_id)
        KEYS[kind](item, given, Proof(citation, source), Random(f"{self.seed}:{item.stem}"))
        return item

    def _check_words(self, given: QuestionReply) -> None:
        limits = [(given.stem, LONGEST_STEM), (given.explanation, LONGEST_EXPLANATION)]
        limits += [(text, LONGEST_OPTION) for text in (*given.right, *given.wrong, *given.matches)]
        for text, longest in limits:
            problem = self.guard.problem(text, longest)
            if problem:
                raise Refused("unreadable", f"{text[:40]!r} {problem}.")
        if support(given.explanation, [self.guard.document]) < LEAST_SUPPORT:
            raise Refused("explanation not in source", "its explanation says what the text does not.")

    def _concept(self, name: str) -> str:
        folded = name.strip().casefold()
        known = next((concept for concept in self.concepts if concept.casefold() == folded), "")
        if known or self.concepts:
            return known
        return name.strip() if folded in self.guard.document.casefold() else ""


def merge(parts: Sequence[Written], most: int) -> Written:
    """The items of all parts in turn, so that each part is asked about, without any that ask the same."""
    merged = Written([], sum((part.rejections for part in parts), Counter()))
    asked: list[set[str]] = []
    longest = max((len(part.items) for part in parts), default=0)
    for item in (part.items[place] for place in range(longest) for part in parts if place < len(part.items)):
        stems = stems_in(f"{item.stem} {' '.join(option.text for option in item.options)}")
        if any(_share(stems, other) >= NEAR_DUPLICATE_SHARE for other in asked):
            merged.rejections["near duplicate"] += 1
        elif len(merged.items) < most:
            asked.append(stems)
            merged.items.append(item)
    return merged


def _share(a: set[str], b: set[str]) -> float:
    return len(a & b) / max(1, len(a | b))


def coverage(
    passages: Sequence[Passage], concepts: Iterable[str], written: Written
) -> task_pb2.CoverageReport:
    """What the items cover: sections are those that text stands in, concepts those given."""
    section_of = {passage.passage_id: tuple(passage.section_path) for passage in passages}
    counts = Counter(section_of[item.citation.passage_id] for item in written.items)
    sections = list(dict.fromkeys(section_of.values()))
    names = {name.casefold() for name in concepts}
    asked = {item.concept.casefold() for item in written.items}
    return task_pb2.CoverageReport(
        section_share=sum(counts[path] > 0 for path in sections) / max(1, len(sections)),
        concept_share=len(names & asked) / max(1, len(names)),
        sections=[task_pb2.SectionCoverage(section_path=p, item_count=counts[p]) for p in sections],
        rejected_count=sum(written.rejections.values()),
        rejections=dict(sorted(written.rejections.items())),
    )
