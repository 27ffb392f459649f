"""All the phrases that a text marks as its terms."""

from collections.abc import Iterator, Mapping

from services.llm.extractive.analysis import Analysis, Sentence
from services.llm.extractive.namings import namings
from services.llm.extractive.other_languages import marks_elsewhere
from services.llm.extractive.phrases import key_of
from services.llm.extractive.subjects import subjects
from services.llm.extractive.term_marks import TermMark

# From here on, characters of scripts in which one or two of them make a word.
_FIRST_IDEOGRAPH = "\u2e80"


def marks_by_key(analysis: Analysis) -> Mapping[str, list[TermMark]]:
    """The marks of each phrase by its key, in reading order; only of phrases that hold a word."""
    marks: dict[str, list[TermMark]] = {}
    for sentence in analysis.sentences:
        for mark in _marks(analysis, sentence):
            marks.setdefault(key_of(sentence.tokens[mark.first : mark.end]), []).append(mark)
    return {key: found for key, found in marks.items() if is_wordlike(key)}


def _marks(analysis: Analysis, sentence: Sentence) -> Iterator[TermMark]:
    if analysis.language.is_english:
        yield from subjects(sentence)
        yield from namings(sentence)
    else:
        yield from marks_elsewhere(sentence, analysis.language.code)


def is_wordlike(key: str) -> bool:
    """Whether a phrase holds a word, not only symbols such as `p`, `th` and `a b`."""
    return any(len(word) > 2 or any(letter >= _FIRST_IDEOGRAPH for letter in word) for word in key.split(" "))
