"""Sentences that a text says more than once, as books do that recall or that were joined."""

from collections.abc import Iterable

from services.llm.extractive.analysis import Sentence


def wording(sentence: Sentence) -> str:
    """What two sentences have in common that say the same in the same words."""
    return " ".join(sentence.text.casefold().split())


def said_once(sentences: Iterable[Sentence]) -> tuple[Sentence, ...]:
    """The first sentence of each wording, in the order given."""
    first: dict[str, Sentence] = {}
    for sentence in sentences:
        first.setdefault(wording(sentence), sentence)
    return tuple(first.values())
