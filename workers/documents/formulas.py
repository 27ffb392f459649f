"""Formulas on PDF pages as one line of text: what stands above and below becomes `(a)/(b)` or `_a^b`."""

import re

from workers.documents.lines import Fragment

_WORD = re.compile(r"[^\W\d_]{3}")
_LONGEST_SIGN = 14  # characters
_TAKES_LIMITS = frozenset("∫∬∮∑∏⋃⋂")
FAR = 99.0


def is_sign(fragment: Fragment) -> bool:
    """Whether the fragment may be a part of a formula: short and without a word of three letters."""
    return len(fragment.text) <= _LONGEST_SIGN and not _WORD.search(fragment.text)


def belongs(sign: Fragment, row: list[Fragment]) -> float:
    """How far a sign is above or below the row that it belongs to, in sizes of type; 99 when it does not.

    It belongs to a row within 0.95 sizes where it stands beside or above a part of it (a superscript, a numerator),
    and within 1.4 sizes to an operator sign (a limit).
    """
    base = row[0].y
    for other in row:
        size = max(other.size, sign.size)
        apart = abs(base - sign.y) / size
        most = 1.4 if other.text[-1:] in _TAKES_LIMITS else 0.95
        if apart < most and sign.x0 - other.x1 < 0.8 * size and other.x0 - sign.x1 < 0.8 * size:
            return apart
    return FAR


def overlaps(one: Fragment, other: Fragment) -> bool:
    """Whether two signs stand one above the other."""
    common = min(one.x1, other.x1) - max(one.x0, other.x0)
    narrower = max(0.1, min(one.x1 - one.x0, other.x1 - other.x0))
    apart = abs(one.y - other.y) > 0.4 * min(one.size, other.size)
    return apart and common >= 0.5 * narrower and is_sign(one) and is_sign(other)


def stack_text(group: list[Fragment], before: str) -> str:
    """Signs above each other in one line: limits of an operator, indices of a letter, or a fraction."""
    operator = next((f.text for f in group if f.text in _TAKES_LIMITS), "")
    others = sorted((f for f in group if f.text != operator or not operator), key=lambda f: f.y)
    upper, lower = _wrapped(others[0].text), _wrapped(" ".join(f.text for f in others[1:]))
    if operator and len(others) == 1:
        below = others[0].y > next(f.y for f in group if f.text == operator)
        return f"{operator}{'_' if below else '^'}{upper} "
    if operator or before[-1:] in _TAKES_LIMITS or before[-1:].isalpha():
        return f"{operator}_{lower}^{upper} "
    return f"{upper}/{lower}"


def _wrapped(text: str) -> str:
    return text if text.isalnum() else f"({text})"
