"""What the symbols of a document stand for, as its sentences tell."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.questions.expressions import SUBSCRIPTS

_SYMBOL = (
    r"(?P<symbol>(?:[A-Za-zΑ-Ωα-ωµ]|(?:lambda|theta|alpha|beta|gamma|omega|sigma|mu|rho|phi))(?:_?\d"
    r"|[₀-₉])?['′]?)"
)
_IS_THE = re.compile(
    rf"(?<![\w′'])(?:{_SYMBOL}) (?:is|are|denotes|stands for|represents|means) (?P<meaning>(?:the"
    rf"|its) [^,;:().=]{{3,60}}?)"
    r"(?= and \S{1,3} (?:is|are) | in (?:(?:cubic |square )?[a-z]+s|hertz|kelvin)\b| measured\b|[,;:().]|$)"
)
_THE_NAMED = re.compile(
    rf"\b(?P<meaning>(?:the|The) [a-z]+(?: [a-z]+){{0,2}}) (?:{_SYMBOL})(?= (?:of|is|and|in|that|from)\b|[,.;)])"
)
_WRITTEN = re.compile(
    rf"^(?:It|They) (?:is|are) (?:written|denoted|symbolized|represented)(?: as| by"
    rf"| with)?(?: the)?(?: (?:Greek )?(?:letter|symbol))? (?:{_SYMBOL})(?=[ ,.(]|$)"
)
_DEFINED = re.compile(r"^(?:The|An?) (?P<term>[a-z-]+(?: [a-z-]+){0,2}) (?:is|are) ")
_NO_MEANING = re.compile(
    r"\b(?:and|or|for|is|are|by|from|if|when|time|case|same|other|first)$|\b(?:and|or|is|are|if)\b",
    re.IGNORECASE,
)


class Told(NamedTuple):
    """A symbol, what it stands for, and the sentence and section that tell it."""

    symbol: str
    meaning: str
    sentence: int
    section: int


def notation_of(analysis: Analysis) -> Mapping[str, tuple[Told, ...]]:
    """Everything told about each symbol, in document order."""
    found: dict[str, list[Told]] = {}
    for sentence in analysis.sentences:
        for symbol, meaning in _told_in(analysis, sentence):
            told = Told(symbol, meaning, sentence.index, analysis.section_of[sentence.passage])
            found.setdefault(symbol, []).append(told)
    return {symbol: tuple(told) for symbol, told in found.items()}


def _told_in(analysis: Analysis, sentence: Sentence) -> Iterator[tuple[str, str]]:
    for pattern in (_IS_THE, _THE_NAMED):
        for match in pattern.finditer(sentence.text):
            meaning = re.sub(r"^(?:its|The)\b", "the", match["meaning"]).strip()
            if not _NO_MEANING.search(meaning.split(" that ")[0]) and _is_symbol(match["symbol"]):
                yield _plain(match["symbol"]), meaning
    written = _WRITTEN.match(sentence.text)
    if written is not None and (term := _term_before(analysis, sentence)):
        yield _plain(written["symbol"]), f"the {term}"


def _term_before(analysis: Analysis, sentence: Sentence) -> str:
    """The term that one of the three sentences before defines."""
    for before in reversed(analysis.sentences[max(0, sentence.index - 3) : sentence.index]):
        match = _DEFINED.match(before.text)
        if match is not None and before.passage == sentence.passage:
            return match["term"]
    return ""


def _is_symbol(symbol: str) -> bool:
    return symbol not in ("a", "A", "I")


def _plain(symbol: str) -> str:
    return symbol.replace("_", "").translate(SUBSCRIPTS)
