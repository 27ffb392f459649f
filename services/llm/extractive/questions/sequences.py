"""Things a document puts in order: the steps of procedures and dated events."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import (
    has_symbols,
    is_example_section,
    points_within,
    unbalanced,
    without_connective,
)
from services.llm.extractive.questions.wording import cleaned, with_capital, word_count

FEWEST_STEPS = 3
MOST_STEPS = 7

_NUMBERED = re.compile(r"^(?:step )?(?P<number>\d{1,2})[.):]\s+(?P<text>\S.+)$", re.IGNORECASE)
_ORDER_WORDS = re.compile(
    r"^(?P<word>first|firstly|second|secondly|third|thirdly|fourth|next|then|after that|afterwards?|later"
    r"|subsequently|finally|lastly|"
    r"to begin(?: with)?|in the (?:first|second|third|fourth|final|last|next) (?:step|stage"
    r"|phase))\b,?\s+(?P<text>.+)$",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"^(?:meanwhile, )?(?:(?:by|around|about|in|on)\s+(?:the (?:early|late"
    r"|mid) )?(?:\d{1,2} )?(?:[A-Z][a-z]+ )?(?P<year>1[0-9]{3}|20[0-2][0-9])(?P<s>s)?),?\s+(?P<text>.+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Steps or events in order. `title` says of what; `whens` are the dates of events and empty for steps."""

    title: str
    steps: tuple[str, ...]
    whens: tuple[str, ...]
    sentence: Sentence
    sources: tuple[Sentence, ...]

    @property
    def is_timeline(self) -> bool:
        """Whether the order is that of dates."""
        return bool(self.whens)


def sequences(reading: Reading) -> list[Sequence]:
    """All sequences of three steps or more, in document order."""
    found = [
        *_numbered_lists(reading.analysis),
        *_ordered_sentences(reading.analysis),
        *_timelines(reading.analysis),
    ]
    return sorted(found, key=lambda sequence: sequence.sentence.index)


def _numbered_lists(analysis: Analysis) -> Iterator[Sequence]:
    """Lines 1., 2., 3. ... of one section, each the first sentence of its line."""
    for section in analysis.sections:
        run: list[tuple[int, str, Sentence]] = []
        for passage in section.passages:
            for number, text, sentence in _numbered_lines(analysis, passage):
                if number == 1 or (run and number != run[-1][0] + 1):
                    yield from _of_run(section.path, run)
                    run = []
                if number == len(run) + 1:
                    run.append((number, text, sentence))
        yield from _of_run(section.path, run)


def _numbered_lines(analysis: Analysis, passage: int) -> Iterator[tuple[int, str, Sentence]]:
    text = analysis.passages[passage].text
    for sentence in analysis.sentences_of(passage):
        line_start = text.rfind("\n", 0, sentence.start) + 1
        line_end = text.find("\n", line_start)
        line = text[line_start : line_end if line_end >= 0 else len(text)]
        match = _NUMBERED.match(line)
        first = match is not None and sentence.start - line_start <= match.start("text")
        if match is not None and first:
            yield int(match["number"]), sentence.text, sentence


def _of_run(path: tuple[str, ...], run: list[tuple[int, str, Sentence]]) -> Iterator[Sequence]:
    if len(run) < FEWEST_STEPS or is_example_section(path):
        return
    steps = [_step(text) for _, text, _ in run[:MOST_STEPS]]
    if all(steps) and len(set(steps)) == len(steps):
        sources = tuple(sentence for _, _, sentence in run[:MOST_STEPS])
        yield Sequence(path[-1] if path else "", tuple(s for s in steps if s), (), sources[0], sources)


def _step(text: str) -> str:
    """A step short enough to be put in order; empty where it cannot be shown alone."""
    step = cleaned(re.sub(r"^(?:step )?\d{1,2}[.):]\s+", "", text, flags=re.IGNORECASE)).rstrip(".;")
    step = re.split(r";| — |—|: ", step)[0].strip()
    if (
        not 2 <= word_count(step) <= 28
        or unbalanced(step)
        or step.endswith("?")
        or re.search(r"[=|{}<>^_→]", step)
    ):
        return ""
    return with_capital(step)


def _ordered_sentences(analysis: Analysis) -> Iterator[Sequence]:
    """Sentences of one paragraph that begin with First, Next, Then, Finally and the like."""
    for position, passage in enumerate(analysis.passages):
        path = tuple(passage.section_path)
        if is_example_section(path):
            continue
        run: list[tuple[str, Sentence]] = []
        for sentence in analysis.sentences_of(position):
            match = _ORDER_WORDS.match(sentence.text)
            step = _step(match["text"]) if match else ""
            usable = bool(step) and not points_within(step) and not has_symbols(step)
            if match and match["word"].lower().startswith(("first", "to begin")) and run:
                yield from _of_ordered(path, run)
                run = []
            if match and usable:
                run.append((step, sentence))
        yield from _of_ordered(path, run)


def _of_ordered(path: tuple[str, ...], run: list[tuple[str, Sentence]]) -> Iterator[Sequence]:
    begins = bool(run) and re.match(r"first|to begin|in the first", run[0][1].text, re.IGNORECASE)
    near = all(b[1].index - a[1].index <= 3 for a, b in pairwise(run))
    if len(run) >= FEWEST_STEPS and begins and near:
        run = run[:MOST_STEPS]
        yield Sequence(
            path[-1] if path else "", tuple(s for s, _ in run), (), run[0][1], tuple(s for _, s in run)
        )


def _timelines(analysis: Analysis) -> Iterator[Sequence]:
    """Sentences of one section that begin with a year, in the order of their years."""
    for section in analysis.sections:
        events: list[tuple[int, str, str, Sentence]] = []
        for passage in section.passages:
            events.extend(event for s in analysis.sentences_of(passage) if (event := _event(s)) is not None)
        events = sorted({e[0]: e for e in events}.values(), key=lambda event: event[0])
        if len(events) >= FEWEST_STEPS and not is_example_section(section.path):
            kept = _spread(events, MOST_STEPS)
            title = section.path[-1] if section.path else ""
            yield Sequence(
                title,
                tuple(e[2] for e in kept),
                tuple(e[1] for e in kept),
                kept[0][3],
                tuple(e[3] for e in kept),
            )


def _event(sentence: Sentence) -> tuple[int, str, str, Sentence] | None:
    match = _DATED.match(without_connective(sentence.text))
    if match is None or sentence.is_objective:
        return None
    text = _event_text(match["text"])
    if not text or points_within(text) or re.search(r"\b1[0-9]{3}\b|\b20[0-2]\d\b", text):
        return None
    return int(match["year"]), match["year"] + (match["s"] or ""), text, sentence


def _event_text(text: str) -> str:
    short = re.split(
        r";|: | — |—|, (?:which|who|but|and|so|where|with|when|although|while|as)\b",
        cleaned(text).rstrip("."),
    )[0].strip(" ,")
    starts_dangling = re.match(
        r"(?:his|her|their|this|these|those|the same)\b", short, re.IGNORECASE
    ) or re.search(r"\b(?:he|she|they|it|them)\b", short, re.IGNORECASE)
    return (
        with_capital(short)
        if 4 <= word_count(short) <= 24 and not starts_dangling and not unbalanced(short)
        else ""
    )


def _spread(events: list[tuple[int, str, str, Sentence]], count: int) -> list[tuple[int, str, str, Sentence]]:
    if len(events) <= count:
        return events
    return [events[round(i * (len(events) - 1) / (count - 1))] for i in range(count)]
