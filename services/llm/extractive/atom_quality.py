"""How well an atom stands alone, with the reasons in words."""

import re
from collections.abc import Iterator

from services.llm.extractive.atom_spans import AtomSpan
from services.llm.extractive.sentences import SentenceKind

_POINTERS = frozenset(
    ("this", "these", "such", "it", "they", "those", "he", "she", "here", "however", "thus")
)
# What is left of a reference to a figure or a table that the text lost.
_LOST_REFERENCE = re.compile(r"\(\s*\)|\b(?:in|see|by|from)\s*[,.;)]|\(see\b")
_SHORT, _LONG = 25, 190


def quality_of(span: AtomSpan, concepts: int, defines: bool) -> tuple[float, list[str]]:
    """The score, 0 to 1, and what raised or lowered it."""
    score = 0.6
    reasons = []
    for change, reason in _changes(span, concepts, defines):
        score += change
        reasons.append(reason)
    return round(min(1.0, max(0.0, score)), 2), reasons


def _changes(span: AtomSpan, concepts: int, defines: bool) -> Iterator[tuple[float, str]]:
    words = span.word_count
    opener = next((token.lower for token in span.sentences[0].tokens if token.is_word), "")
    if opener in _POINTERS:
        yield -0.15, f"begins with “{opener}”, which points back"
    else:
        yield 0.1, "can be read on its own"
    if words < _SHORT:
        yield -0.2, f"short: {words} words"
    elif words > _LONG:
        yield -0.1, f"long: {words} words"
    else:
        yield 0.1, f"a good length: {words} words"
    if not concepts:
        yield -0.2, "names no concept of the document"
    elif concepts <= 4:
        yield 0.1, f"keeps to {concepts} concept{'s' if concepts > 1 else ''}"
    if defines:
        yield 0.1, "defines its concept"
    if any(_LOST_REFERENCE.search(sentence.text) for sentence in span.sentences):
        yield -0.1, "refers to a figure or table that is not in the text"
    unfinished = sum(sentence.kind is SentenceKind.FRAGMENT for sentence in span.sentences)
    if unfinished > len(span.sentences) / 2:
        yield -0.15, "mostly fragments, not sentences"
