"""Which words two texts share, and where something is first spoken of."""

from __future__ import annotations

import re
from collections.abc import Sequence

KEPT_LETTERS = 7
"""Letters of a word that are compared: enough to tell words apart, too few to tell their forms apart."""

_WORD = re.compile(r"\w+")
_ENDING = re.compile(r"(?:ies|es|s)$")


def stems(text: str) -> frozenset[str]:
    """The words of `text` worth matching, without their endings: those of four letters and more, and numbers."""
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(
        _ENDING.sub("", word)[:KEPT_LETTERS]
        for word in words
        if len(word) > 3 or word.isdigit() or not word.isascii()
    )


def first_mention(text: str, sentences: Sequence[str]) -> int:
    """Number of the sentence that first shares most words with `text`; the number of sentences when none does."""
    wanted = stems(text)
    shares = [len(wanted & stems(sentence)) for sentence in sentences]
    best = max(shares, default=0)
    return shares.index(best) if best else len(sentences)
