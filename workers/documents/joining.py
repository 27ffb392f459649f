"""One text from the lines of a paragraph, with words that were hyphenated at a line's end joined again."""

import re
from itertools import pairwise

from workers.documents.characters import is_cjk
from workers.documents.lines import Line, Span

_LAST_WORD = re.compile(r"[\w'’‐-]+$")
_FIRST_WORD = re.compile(r"^[\w'’‐-]+")
_WORD = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*")
# Signs that stand without a space between words, and addresses parted after one of their signs.
_CLOSED_END = re.compile(r"\S[—–/]$|\d-$")
_CLOSED_START = re.compile(r"[—–]\S")
_ADDRESS_END = re.compile(r"(://|www\.)\S*[/?=&._-]$")
_PARTED_LINES = 0.03  # of all lines: documents that part words have more, others fewer
_KNOWN_PARTED = 2
_WHOLE_WORD = 4  # letters


class LineJoiner:
    """Joins lines by what the whole document shows about its hyphens.

    A word parted at a line's end is written without the hyphen when the document has it without elsewhere, and with
    it when the document has it so, when it holds another hyphen or a digit, or when both its parts are words of four
    letters or more by themselves. Other words lose the hyphen, unless hyphens at a line's end are so rare that the
    document parts no words, or it parts them with another sign.
    """

    def __init__(self, columns: list[list[Line]]) -> None:
        texts = [line.text for lines in columns for line in lines]
        self._words = self._vocabulary(texts)
        self._soft = not any("‐" in text[:-1] for text in texts)
        other_sign = self._soft and any(text.endswith("‐") for text in texts)
        self._parts_words = not other_sign and self._shows_parted_words(columns, len(texts))

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

    def _shows_parted_words(self, columns: list[list[Line]], count: int) -> bool:
        """Whether hyphens at a line's end are common, or some stand in words written without one elsewhere."""
        parted = known = 0
        for lines in columns:
            for before, line in pairwise(lines):
                if before.text.endswith("-"):
                    parted += 1
                    known += self._holds(*_parts(before.text, line.text), "")
        return parted >= _PARTED_LINES * count or known >= _KNOWN_PARTED

    def _without_hyphen(self, before: str, after: str) -> bool:
        """Whether the hyphen at the end of `before` only parts a word over two lines."""
        if before.endswith("‐") and self._soft:
            return True
        head, tail = _parts(before, after)
        if not head or not tail or not after[0].islower():
            return False
        if self._holds(head, tail, ""):
            return True
        if self._holds(head, tail, "-") or not head.replace("-", "").isalpha():
            return False
        if "-" in tail and head in self._words:
            return False
        short = min(len(head), len(tail)) < _WHOLE_WORD
        return self._parts_words and (short or not {head, tail} <= self._words)

    def _holds(self, head: str, tail: str, sign: str) -> bool:
        """Whether the document has the two parts with this sign between them elsewhere."""
        heads, tails = {head, head.rpartition("-")[2]}, {tail, tail.partition("-")[0]}
        return any(f"{one}{sign}{other}" in self._words for one in heads for other in tails)

    def join(self, lines: list[Line]) -> tuple[str, list[tuple[int, int]], list[Span]]:
        """The text of the lines, the first character on each page, and the spans set in bold or italics."""
        parts, starts, emphasis = list[str](), list[tuple[int, int]](), list[Span]()
        length = 0
        for place, line in enumerate(lines):
            if not starts or starts[-1][0] != line.page:
                starts.append((line.page, length))
            emphasis += [(length + start, length + end) for start, end in line.emphasis]
            parts.append(
                line.text if place + 1 == len(lines) else self._led_on(line.text, lines[place + 1].text)
            )
            length += len(parts[-1])
        text = "".join(parts)
        return text, starts, merged(emphasis, text)

    def _led_on(self, line: str, after: str) -> str:
        """The line as it stands before the next one: with a space, without, or without its hyphen."""
        if line.endswith(("-", "‐")) and line[-2:-1].isalpha() and after[0].isalpha():
            return line[:-1] if self._without_hyphen(line, after) else line
        if is_cjk(line[-1]) and is_cjk(after[0]):
            return line
        closed = _CLOSED_END.search(line) or _CLOSED_START.match(after) or _ADDRESS_END.search(line)
        return line if closed else f"{line} "


def _parts(before: str, after: str) -> tuple[str, str]:
    """The two parts of the word that a hyphen at a line's end parts, in lower case."""
    left, right = _LAST_WORD.search(before[:-1]), _FIRST_WORD.match(after)
    return (left.group().casefold() if left else "", right.group().casefold() if right else "")


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
