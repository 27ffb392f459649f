"""Cuts a text that is too long for one question to a model into parts, by section where it can."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mootion.document.v1.document_pb2 import Passage

MOST_TOKENS = 4_000
CHARACTERS_IN_TOKEN = 4
_SENTENCE_END = re.compile(r"[.!?。！？]\s+|\n")


@dataclass(frozen=True)
class Extract:
    """All or a piece of a passage, under a label that a model can name it by."""

    label: str
    passage: Passage
    text: str

    @property
    def tokens(self) -> int:
        """See `tokens_in`."""
        return tokens_in(self.text)


@dataclass(frozen=True)
class Part:
    """What is shown to a model at once."""

    extracts: tuple[Extract, ...]

    @property
    def passages(self) -> list[Passage]:
        """The whole passages that its extracts come from."""
        return [extract.passage for extract in self.extracts]

    @property
    def text(self) -> str:
        """The text alone."""
        return "\n".join(extract.text for extract in self.extracts)

    @property
    def tokens(self) -> int:
        """See `tokens_in`."""
        return sum(extract.tokens for extract in self.extracts)


def tokens_in(text: str) -> int:
    """An estimate, rather too high than too low: four ASCII characters a token, one of any other."""
    plain = sum(character.isascii() for character in text)
    return -(-plain // CHARACTERS_IN_TOKEN) + len(text) - plain


def split(passages: Sequence[Passage], most_tokens: int = MOST_TOKENS) -> list[Part]:
    """Parts of `most_tokens` at the most, in the order of the passages, which are all in them.

    A part ends at the end of a section where the next section does not fit as a whole. Only a section that is too long
    by itself is cut at the end of a passage, and only such a passage at the end of a sentence.
    """
    parts: list[list[Extract]] = [[]]
    for section in _sections(passages, most_tokens):
        if _tokens(parts[-1]) + _tokens(section) > most_tokens:
            parts.append([])
        for extract in section:
            if _tokens(parts[-1]) + extract.tokens > most_tokens:
                parts.append([])
            parts[-1].append(extract)
    return [Part(tuple(part)) for part in parts if part]


def _tokens(extracts: Sequence[Extract]) -> int:
    return sum(extract.tokens for extract in extracts)


def _sections(passages: Sequence[Passage], most_tokens: int) -> Iterator[list[Extract]]:
    number = 0
    for _, section in groupby(passages, key=lambda p: (p.document_id, tuple(p.section_path))):
        extracts = []
        for passage in section:
            for text in _pieces(passage.text, most_tokens):
                number += 1
                extracts.append(Extract(f"P{number}", passage, text))
        yield extracts


def _pieces(text: str, most_tokens: int) -> Iterator[str]:
    """The text in pieces that fit, each ending with a sentence where one ends in time."""
    while tokens_in(text) > most_tokens:
        longest = _fitting(text, most_tokens)
        ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, longest)]
        cut = ends[-1] if ends else longest
        yield text[:cut]
        text = text[cut:]
    if text.strip():
        yield text


def _fitting(text: str, most_tokens: int) -> int:
    """How many characters of the text fit: found by halving, as tokens only grow with the length."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens_in(text[:middle]) <= most_tokens else (low, middle - 1)
    return low
