"""All the phrases that a text marks as its terms."""

from collections.abc import Mapping

from services.llm.extractive.analysis import Analysis
from services.llm.extractive.namings import namings
from services.llm.extractive.phrases import key_of
from services.llm.extractive.subjects import subjects
from services.llm.extractive.term_marks import TermMark


def marks_by_key(analysis: Analysis) -> Mapping[str, list[TermMark]]:
    """The marks of each phrase by its key, in reading order; only of phrases that hold a word."""
    marks: dict[str, list[TermMark]] = {}
    for sentence in analysis.sentences:
        for mark in (*subjects(sentence), *namings(sentence)):
            marks.setdefault(key_of(sentence.tokens[mark.first : mark.end]), []).append(mark)
    return {key: found for key, found in marks.items() if is_wordlike(key)}


def is_wordlike(key: str) -> bool:
    """Whether a phrase holds a word, not only symbols such as `p`, `th` and `a b`."""
    return any(len(word) > 2 or not word.isascii() for word in key.split(" "))
