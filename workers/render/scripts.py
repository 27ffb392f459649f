"""What sets writing systems apart in wrapping: wide letters, and scripts without spaces between words."""

from __future__ import annotations

import re

_WIDE_RANGES = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60"
_UNSPACED_RANGES = _WIDE_RANGES + "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"

_WIDE = re.compile(f"[{_WIDE_RANGES}]")
_WORDS = re.compile(rf"[{_UNSPACED_RANGES}]|[^\s{_UNSPACED_RANGES}]+")


def columns(text: str) -> int:
    """How many narrow letters `text` is as wide as; wide letters count twice."""
    return len(text) + len(_WIDE.findall(text))


def unbreakable(text: str) -> set[str]:
    """The stretches of `text` that are not broken between two lines: words, or letters where a script has no
    spaces."""
    return set(_WORDS.findall(text))
