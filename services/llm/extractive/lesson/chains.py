"""Steps that a text tells in order: numbered lists, first and then, and one thing leading to the next."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.lesson.trimming import short_point
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import (
    has_symbols,
    is_example_section,
    points_within,
    unbalanced,
)
from services.llm.extractive.questions.wording import cleaned, with_capital, word_count

FEWEST_STEPS = 3
MOST_STEPS = 8
LONGEST_STEP_WORDS = 14
LONGEST_LINK_WORDS = 18
# One sentence may tell of no more than a cause and its effect.
FEWEST_OF_SENTENCE = 2

_NUMBERED = re.compile(
    r"(?:^|(?<=[.!?:;] )|(?<=\n))(?:step )?(?P<number>\d{1,2})[.):]\s+(?=\S)", re.IGNORECASE
)
_FIRST = re.compile(
    r"^(?:first(?:ly)?|to begin(?: with)?|in the first (?:step|stage|phase)|the first step)\b", re.IGNORECASE
)
_ON = re.compile(
    r"^(?:first(?:ly)?|second(?:ly)?|third(?:ly)?|fourth|next|then|after (?:that|this)|afterwards?|later"
    r"|subsequently|finally|lastly|eventually|at last|in turn|as a result|as a consequence|consequently|in response"
    r"|once this happens|to begin(?: with)?|in the (?:first|second|third|fourth|fifth|final|last|next)"
    r" (?:step|stage|phase)),?\s+",
    re.IGNORECASE,
)
_LINKS = re.compile(
    r",? which (?:then|in turn|thereby|subsequently)\s+"
    r"|,? which (?=(?:leads?|causes?|results?|triggers?|produces?|stimulates?|activates?|moves?"
    r"|raises?|lowers?|makes?)\b)"
    r"|[;,] and then |; then |, then |,? so that |, and so |, (?=(?:leading|resulting|causing|triggering|producing)\b)"
    r"|, (?:thereby|thus) (?=\w+ing\b)"
)
_FINITE = {
    "leading": "leads", "resulting": "results", "causing": "causes", "triggering": "triggers",
    "producing": "produces",
}  # fmt: skip
_OPENING = re.compile(r"^(?:when|once|as soon as|if) (?P<one>[^,]{10,110}), (?P<rest>.+)$", re.IGNORECASE)
_FOR = re.compile(r"^because (?P<one>[^,]{10,110}), (?P<rest>.+)$", re.IGNORECASE)
_REFERENCE = re.compile(r" (?:from|by|with|in|using|of) (?:equation|figure|table) ?\(?\d*\)?", re.IGNORECASE)
_NO_STEP = re.compile(
    r"\b(?:you|we|your|our|they|he|she|it|its|them|their|his|her|one|ones|former|latter|such|example|this|these"
    r"|those|called|known|said|defined|referred|considered|named)\b",
    re.IGNORECASE,
)


_HANGING = re.compile(r"(?:with|for|of|by|to|and|or|but|even|\w+ing)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps short enough to be shown; `said` is each as the text has it, `sources` where."""

    title: str
    shown: tuple[str, ...]
    said: tuple[str, ...]
    sources: tuple[Sentence, ...]
    # Whether one step brings about the next, and not only comes before it.
    is_chain: bool


def chains(reading: Reading) -> list[Steps]:
    """All runs of three steps or more, in document order."""
    analysis = reading.analysis
    found = [*_numbered(analysis), *_told(reading), *_linked(reading)]
    return sorted(found, key=lambda steps: steps.sources[0].index)


def _title(path: Sequence[str]) -> str:
    return path[-1] if path else ""


def _steps(
    title: str, texts: Sequence[str], sources: Sequence[Sentence], is_chain: bool = False
) -> Iterator[Steps]:
    shown = [_whole(text) if is_chain else _shown(text) for text in texts]
    fewest = FEWEST_OF_SENTENCE if is_chain else FEWEST_STEPS
    if fewest <= len(texts) <= MOST_STEPS and all(shown) and len(set(shown)) == len(shown):
        yield Steps(title, tuple(s for s in shown if s), tuple(texts), tuple(sources), is_chain)


def _whole(step: str) -> str | None:
    """A link of a chain, which says too little when it is cut."""
    return short_point(step, LONGEST_LINK_WORDS) if word_count(step) <= LONGEST_LINK_WORDS else None


def _shown(step: str) -> str | None:
    """A step for the screen; the first of two things to do where it is too long."""
    return short_point(step, LONGEST_STEP_WORDS) or short_point(
        re.split(r" and (?=[a-z]+ )", step)[0], LONGEST_STEP_WORDS
    )


def _numbered(analysis: Analysis) -> Iterator[Steps]:
    """Numbers 1., 2., 3. ... of one section, each with the first sentence behind it."""
    for section in analysis.sections:
        if is_example_section(section.path):
            continue
        run: list[tuple[str, Sentence]] = []
        for number, sentence, text in (n for p in section.passages for n in _numbers(analysis, p)):
            if number == 1:
                yield from _steps(section.title, [t for t, _ in run], [s for _, s in run])
                run = []
            if number == len(run) + 1:
                run.append((text, sentence))
        yield from _steps(section.title, [t for t, _ in run], [s for _, s in run])


def _numbers(analysis: Analysis, passage: int) -> Iterator[tuple[int, Sentence, str]]:
    text = analysis.passages[passage].text
    for match in _NUMBERED.finditer(text):
        behind = (s for s in analysis.sentences_of(passage) if s.end > match.end())
        sentence = next(behind, None)
        if sentence is not None and sentence.start <= match.end():
            step = re.split(
                r";|: ", _REFERENCE.sub("", cleaned(text[match.end() : sentence.end])).rstrip(".")
            )[0]
            if 2 <= word_count(step) <= 28 and not re.search(r"[={}<>^→]", step):
                yield int(match["number"]), sentence, with_capital(step)


def _told(reading: Reading) -> Iterator[Steps]:
    """Sentences of one paragraph of which the first opens with First, or each but the first goes on from the last."""
    analysis = reading.analysis
    for position, passage in enumerate(analysis.passages):
        if is_example_section(tuple(passage.section_path)):
            continue
        run: list[Sentence] = []
        for sentence in analysis.sentences_of(position):
            if _FIRST.match(sentence.text):
                yield from _of_sentences(_title(passage.section_path), run)
                run = [sentence]
            elif run and _ON.match(sentence.text):
                run.append(sentence)
            elif _ON.match(sentence.text) and sentence.index and not run:
                before = analysis.sentences[sentence.index - 1]
                run = [before, sentence] if before.passage == position else []
            elif run and sentence.index - run[-1].index > 1:
                yield from _of_sentences(_title(passage.section_path), run)
                run = []
        yield from _of_sentences(_title(passage.section_path), run)


def _of_sentences(title: str, run: Sequence[Sentence]) -> Iterator[Steps]:
    near = all(b.index - a.index <= 2 for a, b in pairwise(run))
    if len(run) >= FEWEST_STEPS and near and all(_is_plain(s.text) for s in run):
        texts = [with_capital(_ON.sub("", cleaned(s.text)).rstrip(".")) for s in run]
        if not any(_NO_STEP.search(text) for text in texts[:1]):
            yield from _steps(title, texts[:MOST_STEPS], run[:MOST_STEPS])


def _linked(reading: Reading) -> Iterator[Steps]:
    """Sentences in which one thing leads to the next: `When X happens, Y follows, which causes Z`."""
    for sentence in reading.analysis.sentences:
        if sentence.index in reading.examples or sentence.is_objective or not _is_plain(sentence.text):
            continue
        parts = _parts(cleaned(_ON.sub("", sentence.text)).rstrip("."))
        short = all(3 <= word_count(part) <= LONGEST_LINK_WORDS for part in parts)
        clear = not any(_NO_STEP.search(part) or _HANGING.match(part) for part in parts)
        if len(parts) >= FEWEST_OF_SENTENCE and short and clear and reading.mentions(sentence):
            path = reading.analysis.passages[sentence.passage].section_path
            yield from _steps(_title(path), parts, [sentence], True)


def _parts(text: str) -> list[str]:
    """`text` cut at its links; participles behind them become verbs: `causing pain` is `causes pain`.

    What happens first stands first: the clause behind `when` or `because`.
    """
    opening = _OPENING.match(text) or _FOR.match(text)
    parts = [opening["one"], *_LINKS.split(opening["rest"])] if opening else _LINKS.split(text)
    parts = [re.sub(r"^(?:then|and|so) ", "", part.strip(" ,;"), flags=re.IGNORECASE) for part in parts]
    return [with_capital(re.sub(r"^\w+", lambda m: _FINITE.get(m[0], m[0]), part)) for part in parts if part]


def _is_plain(text: str) -> bool:
    return not (points_within(_ON.sub("", text)) or has_symbols(text) or unbalanced(text)) and text.endswith(
        "."
    )
