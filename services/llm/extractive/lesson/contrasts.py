"""Contrasts that a text draws: two things, and what is true of the one and not of the other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.lesson.clauses import Clause, clause_of, lead_of
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import (
    has_symbols,
    points_within,
    unbalanced,
    without_connective,
)
from services.llm.extractive.questions.wording import cleaned, head_word, without_article, word_count

_WITHIN = re.compile(r"^(?P<one>[^;]{12,220}?)[,;] (?:whereas|while) (?P<other>[^;]{12,220})\.$")
_BUT = re.compile(r"^(?:but|and|yet|so|for this reason) ", re.IGNORECASE)
_ACROSS = re.compile(
    r"^(?:in contrast|by contrast|on the other hand|conversely)\b,? "
    r"|^[^,]{3,50}, (?:in contrast|by contrast|on the other hand|however),",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^(?:in contrast|by contrast|on the other hand|conversely),? ", re.IGNORECASE)
_UNLIKE = re.compile(r"^unlike (?P<one>[^,]{3,60}), (?P<other>.{15,200})\.$", re.IGNORECASE)
LONGEST_CLAUSE_WORDS = 30


@dataclass(frozen=True, slots=True)
class Side:
    """One of two things, and what a sentence says of it; nothing where it only is what the other differs from."""

    name: str
    says: str
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two things of one sort that a text sets against each other."""

    one: Side
    other: Side

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Where the text does so, in order."""
        both = {side.sentence.index: side.sentence for side in (self.one, self.other)}
        return tuple(both[index] for index in sorted(both))


def contrasts(reading: Reading) -> list[Contrast]:
    """All contrasts within a sentence or between two that follow each other, in document order."""
    found = list[Contrast]()
    for sentence in reading.analysis.sentences:
        if sentence.index not in reading.examples and not sentence.is_objective and _is_plain(sentence):
            found.extend(c for c in _of_sentence(reading, sentence) if _are_of_one_sort(reading, c))
    return found


def _is_plain(sentence: Sentence) -> bool:
    text = cleaned(sentence.text)
    return not (points_within(text) or has_symbols(text) or unbalanced(text)) and text.endswith(".")


def _of_sentence(reading: Reading, sentence: Sentence) -> Iterator[Contrast]:
    text = _BUT.sub("", cleaned(without_connective(sentence.text)))
    within = _WITHIN.match(text)
    if within is not None:
        yield from _contrast(reading, (within["one"], sentence), (within["other"], sentence))
    unlike = _UNLIKE.match(text)
    if unlike is not None and word_count(unlike["one"]) <= 5:
        yield from _unlike(reading, unlike["one"], unlike["other"], sentence)
    if _ACROSS.match(sentence.text) and sentence.index:
        before = reading.analysis.sentences[sentence.index - 1]
        if before.passage == sentence.passage and _is_plain(before):
            after = _OPENING.sub("", cleaned(sentence.text))
            first = cleaned(without_connective(before.text))
            yield from _contrast(reading, (first, before), (after, sentence))


def _contrast(reading: Reading, one: tuple[str, Sentence], other: tuple[str, Sentence]) -> Iterator[Contrast]:
    """The contrast of two clauses: of their subjects, or of what the phrases name that open them."""
    texts = (one[0].strip(" ."), other[0].strip(" ."))
    leads = [lead_of(text) for text in texts]
    parts = leads if all(leads) else [clause_of(reading, text) for text in texts]
    sides = [
        Side(without_article(part.subject), part.predicate, sentence)
        for part, (_, sentence) in zip(parts, (one, other), strict=True)
        if isinstance(part, Clause) and word_count(part.predicate) <= LONGEST_CLAUSE_WORDS
    ]
    if len(sides) == 2:
        yield Contrast(sides[0], sides[1])


def _unlike(reading: Reading, one: str, other: str, sentence: Sentence) -> Iterator[Contrast]:
    clause = clause_of(reading, other)
    if clause is not None:
        name = re.sub(r"^(?:many |most |all )?other ", "other ", without_article(one))
        yield Contrast(
            Side(name, "", sentence), Side(without_article(clause.subject), clause.predicate, sentence)
        )


def _are_of_one_sort(reading: Reading, contrast: Contrast) -> bool:
    """Whether both are named in the same way, or both are terms of the text; never the same thing twice."""
    names = [side.name.lower() for side in (contrast.one, contrast.other)]
    if names[0] == names[1] or any(word_count(name) > 6 for name in names):
        return False
    keys = [set(reading.key_of(name)) for name in names]
    if keys[0] <= keys[1] or keys[1] <= keys[0]:
        return False
    return head_word(names[0]) == head_word(names[1]) or all(
        reading.mentions_in(reading.tokens_of(name)) for name in names
    )
