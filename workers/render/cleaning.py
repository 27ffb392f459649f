"""Texts as they come made fit to be shown and said."""

from __future__ import annotations

import re
import unicodedata

_HEAPED_MARKS = re.compile("([\u0300-\u036f]{2})[\u0300-\u036f]+")
"""More than two accents on one letter; the others are left out."""

_JOINERS = "\u200c\u200d"


def _is_printed(letter: str) -> bool:
    return letter == "\n" or letter in _JOINERS or unicodedata.category(letter)[0] != "C"


def clean(text: str, keep_lines: bool = False) -> str:
    """`text` in composed form without control characters; white space is made single unless `keep_lines`."""
    text = (
        _HEAPED_MARKS.sub(r"\1", unicodedata.normalize("NFC", text))
        .replace("\r\n", "\n")
        .replace("\t", "    ")
    )
    kept = "".join(letter for letter in text if _is_printed(letter))
    if keep_lines:
        return "\n".join(line.rstrip() for line in kept.split("\n")).strip("\n")
    return " ".join(kept.split())
