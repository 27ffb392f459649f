"""One text from the lines of a paragraph, with words that were hyphenated at a line's end joined again."""

import re
from collections import Counter
from itertools import pairwise

from workers.documents.characters import is_cjk
from workers.documents.lines import Line, Span

_LAST_WORD = re.compile(r"[\w'’‐-]+$")
_FIRST_WORD = re.compile(r"^[\w'’‐-]+")
_WORD = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*")
_ENOUGH = 5  # words with a hyphen at a line's end that show a document's habit


class LineJoiner:
    """Joins lines by what the whole document shows about its hyphens.

    A word parted at a line's end is written without the hyphen when the document has it without elsewhere,
    with it when the document has it so. Of other words those whose two parts are words by themselves keep it,
    unless the document mostly parts words; and all keep it in a document that parts none, or with another
    sign.
    """

    def __init__(self, columns: list[list[Line]]) -> None:
        texts = [line.text for lines in columns for line in lines]
        self._words = self._vocabulary(texts)
        self._soft = not any("‐" in text[:-1] for text in texts)
        seen = self._usual_cases(columns)
        self._parts_often = seen[True] > 3 * seen[False]
        other_sign = self._soft and any(text.endswith("‐") for text in texts)
        self._parts_never = other_sign or (seen[True] == 0 and seen[False] >= _ENOUGH)

    @staticmethod
    def _vocabulary(texts: list[str]) -> set[str]:
        if not any(text.endswith(("-", "‐")) for text in texts):
            return set()
        words: set[str] = set()
        begins_within = False
        for text in texts:
            ends_within = text.endswith(("-", "‐"))
            found = _WORD.findall(text.casefold())
            words.update(found[begins_within : len(found) - ends_within])
            begins_within = ends_within
        return words

    def _usual_cases(self, columns: list[list[Line]]) -> Counter[bool]:
        seen: Counter[bool] = Counter()
        for lines in columns:
            for before, line in pairwise(lines):
                if before.text.endswith("-"):
                    known = self._known(before.text[:-1], line.text)
                    if known is not None:
                        seen[known] += 1
        return seen

    def _known(self, before: str, after: str) -> bool | None:
        """Whether the document writes the two parts as one word (True) or with a hyphen (False)."""
        left, right = _LAST_WORD.search(before), _FIRST_WORD.match(after)
        if left is None or right is None or not after[0].islower():
            return False
        head, tail = left.group().casefold(), right.group().casefold()
        if f"{head}{tail}" in self._words:
            return True
        if f"{head}-{tail}" in self._words or "-" in head:
            return False
        return None

    def _without_hyphen(self, before: str, after: str) -> bool:
        """Whether the hyphen at the end of `before` only parts a word over two lines."""
        if before.endswith("‐") and self._soft:
            return True
        known = self._known(before[:-1], after)
        if known is not None:
            return known
        return not self._parts_never and (self._parts_often or not self._both_words(before[:-1], after))

    def _both_words(self, before: str, after: str) -> bool:
        left, right = _LAST_WORD.search(before), _FIRST_WORD.match(after)
        if left is None or right is None:
            return False
        return {left.group().casefold(), right.group().casefold()} <= self._words

    def join(self, lines: list[Line]) -> tuple[str, list[tuple[int, int]], list[Span]]:
        """The text of the lines, the first character on each page, and the spans set in bold or italics."""
        text, starts, emphasis = "", list[tuple[int, int]](), list[Span]()
        for line in lines:
            text = self._glued(text, line.text) if text else ""
            if not starts or starts[-1][0] != line.page:
                starts.append((line.page, len(text)))
            emphasis += [(len(text) + start, len(text) + end) for start, end in line.emphasis]
            text += line.text
        return text, starts, merged(emphasis, text)

    def _glued(self, before: str, after: str) -> str:
        """What stands before the next line: with a space, without, or without its hyphen."""
        if before.endswith(("-", "‐")) and len(before) > 1 and before[-2].isalpha():
            return before[:-1] if self._without_hyphen(before, after) else before
        if after and is_cjk(before[-1]) and is_cjk(after[0]):
            return before
        return before if before.endswith(("/", "—")) else before + " "


def merged(emphasis: list[Span], text: str) -> list[Span]:
    """The spans with neighbours joined; none when most of the text is set so, for then nothing stands out."""
    spans: list[Span] = []
    for start, end in emphasis:
        end = min(end, len(text))
        if spans and not text[spans[-1][1] : start].strip():
            spans[-1] = (spans[-1][0], end)
        elif start < end:
            spans.append((start, end))
    return [] if sum(end - start for start, end in spans) > 0.6 * len(text) else spans
