"""Wrong options: terms and meanings of the same sort as the right one that the document does not call right."""

from collections import Counter
from random import Random

from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.kinship import Kinship, WordClass
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.term_index import Term
from services.llm.extractive.questions.wording import plural, singular, word_count, words_of

# Definitions that share this much of their words mean the same.
SAME_MEANING = 0.6
# How many of the nearest terms are looked at for one question.
NEIGHBOURHOOD = 40
# Each question in which a term has served already moves it this much farther away.
_USED = 0.25
_CHANCE = 0.5


class Distractors:
    """Ranks the terms of a document by how well they stand beside a given one.

    A term that has served as a wrong option often gives way to others, so that options vary from question to question.
    """

    def __init__(self, reading: Reading, definitions: list[Definition], kinship: Kinship) -> None:
        self._reading = reading
        self._kinship = kinship
        self._definition = {d.term: d for d in reversed(definitions)}
        self._meaning = {d.term: reading.content_stems(d.meaning) for d in definitions}
        self._ranked: dict[int, list[tuple[int, float]]] = {}
        self._used: Counter[int] = Counter()

    def terms(
        self, term: int, stem: str, quote: str, many: bool, random: Random, least: float = 0.0
    ) -> list[str]:
        """Names that could stand in place of `term` in a question, the best first.

        None stands in the question or the quote, contains or is contained in the term, or is a kind of it. They are
        in the plural where `many`, and at least as like the term as `least`.
        """
        around = frozenset(self._reading.key_of(f"{stem} {quote}"))
        chosen: list[int] = []
        names: list[str] = []
        for other in self._near(term, random):
            if self._kinship.likeness(term, other) < least:
                continue
            name = self._name_in_number(other, many)
            fits = (
                bool(name) and self._fits(term, other) and not _mentioned(self._reading.terms[other], around)
            )
            if fits and _is_apart(name, names):
                names.append(name)
                chosen.append(other)
        self._used.update(chosen[:3])
        return names

    def definitions(self, definition: Definition, random: Random) -> list[Definition]:
        """Definitions of other terms in the same number that could be taken for `definition`, the best first."""
        length = word_count(definition.meaning)
        found = []
        for other in self._near(definition.term, random):
            candidate = self._definition.get(other)
            if candidate is None or not self._fits(definition.term, other):
                continue
            same_number = candidate.is_plural == definition.is_plural
            if same_number and 0.4 * length <= word_count(candidate.meaning) <= 2.2 * length:
                found.append(candidate)
        return sorted(found, key=lambda d: abs(word_count(d.meaning) - length) > 7)

    def exchangeable(self, term: int, many: bool, random: Random) -> list[str]:
        """Names that may take the place of `term` in a statement without breaking its grammar, near kin only."""
        kin = self._kinship
        return [
            name
            for other in self._near(term, random)
            if kin.likeness(term, other) >= kin.CLOSE
            and (many or self._reading.is_counted(term) == self._reading.is_counted(other))
            and self._fits(term, other)
            and (name := self._name_in_number(other, many))
        ]

    def _near(self, term: int, random: Random) -> list[int]:
        if term not in self._ranked:
            others = [
                (i, self._kinship.likeness(term, i)) for i in range(len(self._reading.terms)) if i != term
            ]
            self._ranked[term] = sorted(others, key=lambda pair: (-pair[1], pair[0]))[:NEIGHBOURHOOD]
        scored = [
            (likeness - _USED * self._used[i] + _CHANCE * random.random(), i)
            for i, likeness in self._ranked[term]
        ]
        return [i for _, i in sorted(scored, reverse=True)]

    def _name_in_number(self, term: int, many: bool) -> str:
        """The name in the number asked for, empty where the document never writes it so."""
        name = self._reading.terms[term].name
        if self._kinship.word_class(term) is not WordClass.NOUN:
            return name
        fitted = plural(name) if many else singular(name)
        return fitted if fitted == name or set(words_of(fitted)) <= self._reading.forms else ""

    def _fits(self, term: int, other: int) -> bool:
        """Of one class of words, neither name in the other, neither a kind of the other, and not the same thing."""
        a, b = self._reading.terms[term], self._reading.terms[other]
        kin = self._kinship
        if kin.word_class(term) is not kin.word_class(other) or kin.are_synonyms(term, other):
            return False
        if any(set(x) <= set(y) or set(y) <= set(x) for x in a.keys for y in b.keys):
            return False
        if (
            kin.is_kind_of(other, term)
            or a.name.lower() in b.name.lower()
            or b.name.lower() in a.name.lower()
        ):
            return False
        one, two = self._meaning.get(term), self._meaning.get(other)
        return not (one and two and len(one & two) / len(one | two) >= SAME_MEANING)


def _mentioned(term: Term, around: frozenset[str]) -> bool:
    return any(set(key) <= around for key in term.keys)


def _is_apart(name: str, names: list[str]) -> bool:
    """Whether `name` neither contains one of `names` nor is contained in one."""
    words = set(words_of(name))
    return not any(words <= set(words_of(n)) or set(words_of(n)) <= words for n in names)
