"""Questions as a model writes them, and the gate that each has to pass."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from mootion.document.v1.document_pb2 import Citation, Passage
from mootion.llm.v1 import task_pb2

from services.llm.guard import Guard, stems_in, support
from services.llm.quotes import Quotes
from services.llm.replies.checked import Checked, Reply

GAP = "____"
LONGEST_STEM = 700
LONGEST_OPTION = 400
LONGEST_EXPLANATION = 600
FEWEST_OPTIONS = 3
MOST_OPTIONS = 8
LONGEST_WORDED_KEY = 80
# A right option may be this many times as long as the longest wrong one.
LENGTH_RATIO = 1.5
# Share of the words of what is said to be true that the passage must have.
LEAST_SUPPORT = 0.5
# Stems of two questions that share this much of their words ask the same.
NEAR_DUPLICATE_SHARE = 0.8
_NUMBER = re.compile(r"[-−]?\d+(?:[,.  ]\d{3})*(?:\.\d+)?")

KindName = Literal[
    "SINGLE_CHOICE",
    "MULTIPLE_CHOICE",
    "TRUE_FALSE",
    "CLOZE",
    "SHORT_ANSWER",
    "NUMERIC",
    "ALGEBRAIC",
    "ORDERING",
    "MATCHING",
    "FIND_ERROR",
]


class QuestionReply(Reply):
    """One question. Which fields count depends on the kind; the prompt says how."""

    kind: KindName
    stem: str
    right: list[str]
    wrong: list[str]
    matches: list[str]
    number: float | None
    unit: str
    explanation: str
    quote: str
    concept: str
    difficulty: float


class QuestionsReply(Reply):
    """Questions on a text."""

    questions: list[QuestionReply]


class Refused(Exception):
    """A question does not pass the gate: `reason` goes into the coverage report, `detail` to the model."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


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
        KEYS[kind](item, given, _Proof(citation, source), Random(f"{self.seed}:{item.stem}"))
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


@dataclass(frozen=True)
class _Proof:
    citation: Citation
    passage: str


Key = Callable[[task_pb2.Item, QuestionReply, _Proof, Random], None]


def _choice(item: task_pb2.Item, given: QuestionReply, proof: _Proof, random: Random) -> None:
    if len(given.right) != 1:
        raise Refused("no single key", "right holds exactly one option.")
    _check_options(given)
    if item.kind == task_pb2.SINGLE_CHOICE:
        _check_key(item, given.right[0], proof)
    if len(given.right[0]) > LENGTH_RATIO * max(len(text) for text in given.wrong) + 4:
        raise Refused("giveaway length", "the right option is much longer than the wrong ones.")
    _add_options(item, given.right, given.wrong, random)


def _find_error(item: task_pb2.Item, given: QuestionReply, proof: _Proof, random: Random) -> None:
    if any(support(text, [proof.passage]) < LEAST_SUPPORT for text in given.wrong):
        raise Refused("option not in source", "the statements in wrong are those that the text bears out.")
    _choice(item, given, proof, random)


def _choices(item: task_pb2.Item, given: QuestionReply, proof: _Proof, random: Random) -> None:
    _check_options(given)
    for text in given.right:
        _check_key(item, text, proof)
    _add_options(item, given.right, given.wrong, random)


def _true_false(item: task_pb2.Item, given: QuestionReply, proof: _Proof, random: Random) -> None:
    key = given.right[0].strip().casefold() if len(given.right) == 1 else ""
    if key not in ("true", "false"):
        raise Refused("no single key", 'right is ["true"] or ["false"].')
    if key == "true" and support(given.stem, [proof.passage]) < LEAST_SUPPORT:
        raise Refused("key not in source", "the text does not say this.")
    item.options.add(option_id="true", text="True")
    item.options.add(option_id="false", text="False")
    item.key.option_ids.append(key)


def _worded(item: task_pb2.Item, given: QuestionReply, proof: _Proof, random: Random) -> None:
    if item.kind == task_pb2.CLOZE and item.stem.count(GAP) != 1:
        raise Refused("no single gap", f"the stem has exactly one gap, written {GAP}.")
    best = given.right[0].strip() if given.right else ""
    if not best or len(best) > LONGEST_WORDED_KEY:
        raise Refused(
            "no single key", f"right starts with an answer of at most {LONGEST_WORDED_KEY} characters."
        )
    if best.casefold() not in proof.citation.quote.casefold():
        raise Refused("key not in quote", "the answer stands in the quote.")
    if best.casefold() in item.stem.casefold():
        raise Refused("key visible in stem", "the stem gives its answer away.")
    item.key.texts.extend(dict.fromkeys(text.strip() for text in given.right))


def _numeric(item: task_pb2.Item, given: QuestionReply, proof: _Proof, random: Random) -> None:
    number = given.number
    if number is None or number not in _numbers(proof.citation.quote):
        raise Refused("key not in quote", "number is set, and stands in the quote.")
    if number in _numbers(item.stem):
        raise Refused("key visible in stem", "the stem gives its answer away.")
    if given.unit and given.unit not in proof.passage:
        raise Refused("key not in quote", "its unit is written as in the text.")
    item.key.number = number
    item.key.tolerance = abs(number) * 0.01 if number != int(number) else 0.0
    item.key.unit = given.unit


def _formula(item: task_pb2.Item, given: QuestionReply, proof: _Proof, random: Random) -> None:
    best = re.sub(r"\s", "", given.right[0]) if given.right else ""
    if not best or best not in re.sub(r"\s", "", proof.citation.quote):
        raise Refused("key not in quote", "right holds the formula as the quote writes it.")
    item.key.texts.extend(dict.fromkeys(text.strip() for text in given.right))


def _ordering(item: task_pb2.Item, given: QuestionReply, proof: _Proof, random: Random) -> None:
    _check_set(given.right)
    if any(support(text, [proof.passage]) < LEAST_SUPPORT for text in given.right):
        raise Refused("option not in source", "every step stands in the text.")
    _add_options(item, given.right, [], random)
    ids = {option.text: option.option_id for option in item.options}
    del item.key.option_ids[:]
    item.key.option_ids.extend(ids[text] for text in given.right)


def _matching(item: task_pb2.Item, given: QuestionReply, proof: _Proof, random: Random) -> None:
    _check_set(given.right)
    _check_set(given.matches)
    if len(given.right) != len(given.matches):
        raise Refused("no single key", "right and matches are as long as each other, pair by pair.")
    for number, text in enumerate(given.right):
        item.options.add(option_id=_id(number), text=text)
    for number, place in enumerate(random.sample(range(len(given.matches)), len(given.matches))):
        item.matches.add(option_id=f"m{number + 1}", text=given.matches[place])
        item.key.matches.add(option_id=_id(place), match_id=f"m{number + 1}")


KEYS: Mapping[task_pb2.QuestionKind.ValueType, Key] = {
    task_pb2.SINGLE_CHOICE: _choice,
    task_pb2.MULTIPLE_CHOICE: _choices,
    task_pb2.TRUE_FALSE: _true_false,
    task_pb2.CLOZE: _worded,
    task_pb2.SHORT_ANSWER: _worded,
    task_pb2.NUMERIC: _numeric,
    task_pb2.ALGEBRAIC: _formula,
    task_pb2.ORDERING: _ordering,
    task_pb2.MATCHING: _matching,
    task_pb2.FIND_ERROR: _find_error,
}


def _check_options(given: QuestionReply) -> None:
    if not given.right or not given.wrong:
        raise Refused("no single key", "right and wrong both hold options.")
    _check_set([*given.right, *given.wrong])


def _check_set(texts: Sequence[str]) -> None:
    if not FEWEST_OPTIONS <= len(texts) <= MOST_OPTIONS:
        raise Refused("too few options", f"there are {FEWEST_OPTIONS} to {MOST_OPTIONS} options.")
    if len({" ".join(text.casefold().split()).strip(" .") for text in texts}) < len(texts):
        raise Refused("option overlap", "no two options are the same.")


def _check_key(item: task_pb2.Item, text: str, proof: _Proof) -> None:
    if text.casefold() in item.stem.casefold():
        raise Refused("key visible in stem", "the stem gives its answer away.")
    if support(text, [proof.passage]) < LEAST_SUPPORT:
        raise Refused("key not in source", "the right option says what the text does not.")


def _add_options(item: task_pb2.Item, right: Sequence[str], wrong: Sequence[str], random: Random) -> None:
    texts = [*right, *wrong]
    random.shuffle(texts)
    for number, text in enumerate(texts):
        item.options.add(option_id=_id(number), text=text.strip())
        if text in right:
            item.key.option_ids.append(_id(number))


def _id(number: int) -> str:
    return chr(ord("a") + number)


def _numbers(text: str) -> set[float]:
    found = (re.sub(r"[,  ](?=\d{3})", "", number).replace("−", "-") for number in _NUMBER.findall(text))
    return {float(number) for number in found}


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
