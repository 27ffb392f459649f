"""Words of a text with all that is known about each word alone."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from services.llm.extractive.language import Language

# Vowel signs and accents of scripts that Python's `\\w` does not count as letters.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u0652\u0900-\u0963\u0966-\u0e4f"

_TOKEN = re.compile(
    r"(?P<cjk>[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])"
    r"|(?P<possessive>(?<=\w)['’]s\b)"
    rf"|(?P<word>[^\W\d_](?:[^\W_]|[{_MARKS}])*(?:[-‐‑'’](?!s\b)[^\W_]+)*[+−]?(?=$|\W)|[^\W\d_]+)"
    r"|(?P<number>\d+(?:[.,]\d+)*(?:[^\W\d_]+)?%?)"
    r"|(?P<mark>\S)"
)


class Token(NamedTuple):
    """A word, a number or a punctuation mark of a passage.

    `start` and `end` are characters of the passage's text. `tag` is the guessed part of speech (see
    `tagging`), `zipf` how common the word is (see `language`). CJK characters are tokens of their own.
    """

    surface: str
    lower: str
    stem: str
    start: int
    end: int
    zipf: float
    is_stop: bool
    is_word: bool
    tag: str


class Vocabulary:
    """Stem, commonness and stop-word flag of every word met, worked out once for each word."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._known: dict[str, tuple[str, str, float, bool]] = {}

    def look_up(self, surface: str) -> tuple[str, str, float, bool]:
        """Lower-case form, stem, Zipf frequency and stop-word flag of a word."""
        known = self._known.get(surface)
        if known is None:
            known = self._known[surface] = self._work_out(surface)
        return known

    def _work_out(self, surface: str) -> tuple[str, str, float, bool]:
        lower = surface.lower().replace("’", "'")
        language = self.language
        return lower, language.stem(lower) or lower, self._commonness(lower), language.is_stop(lower)

    def _commonness(self, lower: str) -> float:
        """A hyphenated compound is half a step rarer than its rarest part."""
        zipf = self.language.zipf(lower)
        if zipf or "-" not in lower:
            return zipf
        parts = [self.language.zipf(part) for part in lower.split("-") if part]
        return max(0.0, min(parts, default=0.0) - 0.5)


def tokenize(text: str, vocabulary: Vocabulary, offset: int = 0) -> Iterator[Token]:
    """Tokens of `text` in order, untagged; `offset` is added to their positions."""
    for match in _TOKEN.finditer(text):
        surface = match[0]
        is_word = match.lastgroup in ("word", "cjk")
        if is_word:
            lower, stem, zipf, is_stop = vocabulary.look_up(surface)
        else:
            lower, stem, zipf, is_stop = surface, surface, 0.0, match.lastgroup != "number"
        start = offset + match.start()
        yield Token(
            surface, lower, stem, start, start + len(surface), zipf, is_stop, is_word, match.lastgroup or ""
        )
