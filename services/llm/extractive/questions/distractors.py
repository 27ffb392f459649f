"""Wrong options: terms and meanings of the same sort as the right one that the document does not call right."""

from collections.abc import Iterable
from random import Random

from services.llm.extractive.questions.definitions import Definition
from services.llm.extractive.questions.listings import Listing
from services.llm.extractive.questions.reading import Reading, Term
from services.llm.extractive.questions.wording import is_plural, plural, singular, word_count, words_of

# Definitions that share this much of their words mean the same.
SAME_MEANING = 0.6


class Distractors:
    """Ranks the terms of a document by how well they stand beside a given one."""

    def __init__(self, reading: Reading, definitions: list[Definition], listings: list[Listing]) -> None:
        self._reading = reading
        self._definition = {d.term: d for d in reversed(definitions)}
        self._sections = self._sections_of_terms(definitions)
        self._genus = {d.term: self._genus_of(d) for d in definitions}
        self._meaning = {d.term: reading.content_stems(d.meaning) for d in definitions}
        self._listed = self._lists_of_terms(listings)
        self._ranked: dict[int, list[int]] = {}

    def terms(self, term: int, stem: str, quote: str, many: bool, random: Random) -> list[str]:
        """Names that could stand in place of `term` in a question, the best first.

        None stands in the question or the quote, contains or is contained in the term, or is a kind of it. They are
        in the plural where `many`.
        """
        around = frozenset(self._reading.stems_of(stem)) | frozenset(self._reading.stems_of(quote))
        names: list[str] = []
        for other in self._near(term, random):
            candidate = self._reading.terms[other]
            if self._fits(term, other) and not _mentioned(candidate, around) and _has_number(candidate, many):
                names.append(plural(candidate.name) if many else singular(candidate.name))
        return _without_repeats(names)

    def definitions(self, definition: Definition, random: Random) -> list[Definition]:
        """Definitions of other terms in the same number that could be taken for `definition`, the best first."""
        length = word_count(definition.meaning)
        found = []
        for other in self._near(definition.term, random):
            candidate = self._definition.get(other)
            if candidate is None or not self._fits(definition.term, other):
                continue
            same_number = candidate.is_plural == definition.is_plural
            if same_number and 0.45 * length <= word_count(candidate.meaning) <= 2.2 * length:
                found.append(candidate)
        return sorted(found, key=lambda d: abs(word_count(d.meaning) - length) > 6)

    def siblings(self, term: int, random: Random) -> list[int]:
        """Terms that may be exchanged for `term` in a statement to make it false, the best first."""
        return [other for other in self._near(term, random) if self._fits(term, other)]

    def _near(self, term: int, random: Random) -> list[int]:
        if term not in self._ranked:
            others = [i for i in range(len(self._reading.terms)) if i != term]
            self._ranked[term] = sorted(others, key=lambda i: (-self._affinity(term, i), i))[:60]
        best = self._ranked[term]
        return sorted(best, key=lambda i: -self._affinity(term, i) + random.random() * 1.2)

    def _affinity(self, a: int, b: int) -> float:
        one, other = self._reading.terms[a], self._reading.terms[b]
        score = 3.0 * (one.keys[0][-1] == other.keys[0][-1])
        score += 2.5 * bool(self._listed.get(a, frozenset()) & self._listed.get(b, frozenset()))
        score += 1.5 * (self._genus.get(a, "") == self._genus.get(b, "-"))
        score += 1.2 * bool(self._sections.get(a, frozenset()) & self._sections.get(b, frozenset()))
        score += 0.5 * (len(one.keys[0]) == len(other.keys[0])) + 0.4 * (one.name[:1].isupper() == other.name[:1].isupper())
        score += 0.6 * min(1.0, other.importance) + 0.4 * _same_ending(one.name, other.name)
        return score + 0.8 * (b in self._definition)

    def _fits(self, term: int, other: int) -> bool:
        """Neither name contains the other, neither is a kind of the other, and they do not mean the same."""
        a, b = self._reading.terms[term], self._reading.terms[other]
        if any(set(x) <= set(y) or set(y) <= set(x) for x in a.keys for y in b.keys):
            return False
        if self._genus.get(other) == a.keys[0][-1] and len(a.keys[0]) == 1:
            return False
        one, two = self._meaning.get(term), self._meaning.get(other)
        if one and a.stems and two and a.stems <= two:
            return False
        return not (one and two and len(one & two) / len(one | two) >= SAME_MEANING)

    def _sections_of_terms(self, definitions: Iterable[Definition]) -> dict[int, frozenset[int]]:
        """Sections, with those around them, in which each term is defined or often named."""
        analysis = self._reading.analysis
        found: dict[int, set[int]] = {}
        for term, known in enumerate(self._reading.terms):
            rarest = min(known.keys[0], key=lambda stem: len(analysis.sentences_with.get(stem, ())) or 10**9)
            for index in analysis.sentences_with.get(rarest, ())[:6]:
                found.setdefault(term, set()).add(analysis.section_of[analysis.sentences[index].passage])
        for definition in definitions:
            found.setdefault(definition.term, set()).add(analysis.section_of[definition.sentence.passage])
        return {term: frozenset(sections) for term, sections in found.items()}

    def _genus_of(self, definition: Definition) -> str:
        """Stem of the noun that a meaning begins with: `reaction` of `a chemical reaction that ...`."""
        tokens = [t for t in self._reading.tokens_of(definition.meaning) if t.is_word]
        last = ""
        for token in tokens[:7]:
            if token.tag in ("NOUN", "ING"):
                last = token.stem
            elif last:
                break
        return last

    def _lists_of_terms(self, listings: Iterable[Listing]) -> dict[int, frozenset[int]]:
        found: dict[int, set[int]] = {}
        for number, listing in enumerate(listings):
            for part in listing.items:
                term = self._reading.find(self._reading.stems_of(part))
                if term is not None:
                    found.setdefault(term, set()).add(number)
        return {term: frozenset(numbers) for term, numbers in found.items()}


def _mentioned(term: Term, stems: frozenset[str]) -> bool:
    return any(set(key) <= stems for key in term.keys)


def _has_number(term: Term, many: bool) -> bool:
    """Mass nouns have no plural: those are left out where many are asked for, by what they end in."""
    if is_plural(term.name) == many:
        return True
    return not many or not term.name.endswith(("ity", "ism", "ness", "ics", "sis", "tion", "ium", "gen", "ogy", "ance", "ence"))


def _same_ending(a: str, b: str) -> bool:
    return len(a) > 5 and len(b) > 5 and a[-3:] == b[-3:]


def _without_repeats(names: list[str]) -> list[str]:
    """Names of which none contains another."""
    kept: list[str] = []
    for name in names:
        words = set(words_of(name))
        if not any(words <= set(words_of(k)) or set(words_of(k)) <= words for k in kept):
            kept.append(name)
    return kept
