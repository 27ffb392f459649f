"""Events that a text dates by a year, wherever in the sentence the year stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.lesson.trimming import short_point
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import (
    has_symbols,
    is_example_section,
    points_within,
    unbalanced,
    without_connective,
)
from services.llm.extractive.questions.verbs import finite_verb
from services.llm.extractive.questions.wording import cleaned, with_capital, word_count

FEWEST_EVENTS = 3
LONGEST_EVENT_WORDS = 14

_YEAR = r"(?P<year>1[0-9]{3}|20[0-2][0-9])(?P<s>s)?"
_OPENS = re.compile(
    r"^(?:meanwhile, )?(?:by|around|about|in|on) (?:the (?:early |late |mid-?)?)?(?:\d{1,2} )?"
    rf"(?:[A-Z][a-z]+ )?{_YEAR}\b,? (?P<text>.+)$",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    rf",? \b(?:in|around|about|since) (?:the (?:early |late |mid-?)?)?(?:[A-Z][a-z]+ )?{_YEAR}\b,?"
)
_DANGLES = re.compile(
    r"\b(?:he|she|they|it|them|this|these|those)\b|^(?:his|her|their|its|the (?:reason|same|two))\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"; |: | — |—|, (?:which|who|but|and|so|where|with|when|although|while|as|whereas)\b"
)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened `when`, short enough for the screen in `shown`, and as the sentence tells it in `said`."""

    year: int
    when: str
    shown: str
    said: str
    sentence: Sentence


def dated(reading: Reading) -> list[tuple[str, list[Event]]]:
    """Titles and events, by year, of the sections that date three or more."""
    analysis, found = reading.analysis, []
    for section in analysis.sections:
        if is_example_section(section.path):
            continue
        sentences = (s for passage in section.passages for s in analysis.sentences_of(passage))
        events = {event.year: event for s in sentences for event in _events(reading, s)}
        if len(events) >= FEWEST_EVENTS:
            found.append((section.title, [events[year] for year in sorted(events)]))
    return found


def _events(reading: Reading, sentence: Sentence) -> Iterator[Event]:
    text = cleaned(without_connective(sentence.text)).rstrip(".")
    if sentence.is_objective or points_within(text) or has_symbols(text) or unbalanced(text):
        return
    match = _OPENS.match(text)
    rest = match["text"] if match else ""
    if match is None:
        match = _INSIDE.search(text)
        rest = text[: match.start()] + " " + text[match.end() :] if match else ""
    what = _CLAUSE_END.split(" ".join(rest.split()))[0].strip(" ,")
    shown = short_point(what, LONGEST_EVENT_WORDS)
    others = re.search(rf"\b{_YEAR}\b", rest)
    if match is None or shown is None or others or _DANGLES.search(what) or not 4 <= word_count(what) <= 24:
        return
    if _says_something(reading, shown):
        yield Event(
            int(match["year"]), match["year"] + (match["s"] or ""), shown, with_capital(what), sentence
        )


def _says_something(reading: Reading, text: str) -> bool:
    """Whether a verb is left in a text that was cut."""
    tokens = reading.tokens_of(text)
    return any(token.tag in ("VERB", "ED", "AUX") for token in tokens[1:]) or any(
        finite_verb(tokens, i, reading.analysis.language.zipf) is not None for i in range(1, len(tokens))
    )
