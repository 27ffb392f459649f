"""Statements that contradict the document: a true one with one thing changed that the text fixes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.distractors import Distractors
from services.llm.extractive.questions.opposites import opposite_of
from services.llm.extractive.questions.quantities import Quantity, other_numbers
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import without_connective
from services.llm.extractive.questions.term_index import Mention
from services.llm.extractive.questions.wording import (
    begins_with_vowel_sound,
    cleaned,
    is_plural,
    with_capital,
)

# What can be so can be otherwise too: its opposite contradicts nothing.
_POSSIBLY = re.compile(r"\b(?:can|could|may|might|sometimes)\b")
_NEGATED = re.compile(
    r"\b(?P<verb>is|are|was|were|can|does|do|did|will|should|must) not\b|\b(?P<cannot>cannot)\b"
)
_COPULA = re.compile(r"^(?P<subject>[^,;:—()]{3,70}?) (?P<verb>is|are) (?P<rest>(?!not\b|also\b)[^;:—]+)$")
# What is said of some only is not contradicted by the same with not.
_NOT_OF_ALL = re.compile(
    r"\b(?:some|many|most|several|few|often|usually|generally|mostly|typically|all|every|each|any|both|either"
    r"|neither|no|not|never|only|if|when|because|unless|although|while|whereas|but|or)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Contrary:
    """A false statement; the document has `right` where it has `wrong`."""

    text: str
    right: str
    wrong: str


def statement_of(sentence: Sentence) -> str:
    """A sentence as a statement of its own."""
    return with_capital(cleaned(without_connective(sentence.text)))


class Contradictions:
    """Makes false statements from true ones."""

    def __init__(self, reading: Reading, distractors: Distractors, numbers: list[Quantity]) -> None:
        self._reading = reading
        self._distractors = distractors
        self._numbers = {q.sentence.index: q for q in numbers}
        self._all_numbers = numbers

    def of(self, sentence: Sentence, random: Random) -> Contrary | None:
        """A statement that contradicts `sentence`; None where nothing in it can be changed with certainty."""
        statement = statement_of(sentence)
        made = [*self._by_opposite(statement), *self._by_number(sentence, statement, random)]
        if made and random.random() < 0.7:
            return made[random.randrange(len(made))]
        swapped = next(self._by_sibling(sentence, statement, random), None)
        return swapped or (made[0] if made else None)

    def denial_of(self, sentence: Sentence) -> Contrary | None:
        """`X is not Y` for what the text says of every X. It shows what it is: one among other contraries at most."""
        statement = statement_of(sentence)
        match = _COPULA.match(statement)
        if match is None or _POSSIBLY.search(statement) or _NOT_OF_ALL.search(statement):
            return None
        subject = self._reading.tokens_of(match["subject"])
        if any(token.tag in ("AUX", "VERB", "MARK") for token in subject):
            return None
        denied = f"{match['verb']} not"
        return Contrary(f"{match['subject']} {denied} {match['rest']}", match["verb"], denied)

    def _by_opposite(self, statement: str) -> Iterator[Contrary]:
        negated = _NEGATED.search(statement)
        if negated is not None:
            verb = negated["verb"] or "can"
            if verb not in ("does", "do", "did") and " but " not in statement[negated.end() :]:
                changed = statement[: negated.start()] + verb + statement[negated.end() :]
                yield Contrary(changed, negated[0], verb)
            return
        named = self._named_spans(statement)
        for match in re.finditer(r"[a-z]+", statement):
            opposite = opposite_of(match[0], statement[match.end() :])
            inside = any(start <= match.start() < end for start, end in named)
            if (
                opposite
                and not inside
                and not _POSSIBLY.search(statement[: match.start()])
                and opposite not in statement
            ):
                before = _with_article_for(opposite, statement[: match.start()])
                yield Contrary(before + opposite + statement[match.end() :], match[0], opposite)

    def _named_spans(self, statement: str) -> list[tuple[int, int]]:
        """Where the statement names terms of several words, of which none may be changed alone."""
        tokens = self._reading.tokens_of(statement)
        mentions = (m for m in self._reading.mentions_in(tokens) if m.last - m.first > 1)
        return [(tokens[m.first].start, tokens[m.last - 1].end) for m in mentions]

    def _by_number(self, sentence: Sentence, statement: str, random: Random) -> Iterator[Contrary]:
        quantity = self._numbers.get(sentence.index)
        if quantity is None or statement.count(quantity.written) != 1:
            return
        others = other_numbers(quantity, self._all_numbers, random)
        if others:
            changed = re.sub(rf"\b{re.escape(quantity.written)}\b", others[0], statement, count=1)
            if changed != statement:
                yield Contrary(changed, quantity.written, others[0])

    def _by_sibling(self, sentence: Sentence, statement: str, random: Random) -> Iterator[Contrary]:
        for mention in self._reading.mentions(sentence):
            surface = self._reading.surface(sentence, mention.first, mention.last)
            if statement.lower().count(surface.lower()) != 1 or not _is_whole(sentence, mention):
                continue
            for name in self._names_in_place(sentence, mention, surface, random):
                yield _exchanged(statement, surface, name)

    def _names_in_place(
        self, sentence: Sentence, mention: Mention, surface: str, random: Random
    ) -> Iterator[str]:
        said = frozenset(self._reading.key_of(sentence.text))
        rest = frozenset(sentence.stems) - self._reading.content_stems(surface)
        for name in self._distractors.exchangeable(mention.term, is_plural(surface), random)[:6]:
            apart = not said & frozenset(self._reading.key_of(name))
            if apart and not self._is_said(self._reading.content_stems(name), rest):
                yield name

    def _is_said(self, stems: frozenset[str], rest: frozenset[str]) -> bool:
        """Whether a sentence says of the other term half of what this one says."""
        analysis = self._reading.analysis
        rarest = min(stems, key=lambda s: len(analysis.sentences_with.get(s, ())), default="")
        return any(
            stems <= (said := frozenset(analysis.sentences[i].stems)) and 2 * len(rest & said) >= len(rest)
            for i in analysis.sentences_with.get(rarest, ())
        )


def _is_whole(sentence: Sentence, mention: Mention) -> bool:
    """Whether the mention is a noun phrase of its own and no part of a longer name."""
    tokens = sentence.tokens
    before = tokens[mention.first - 1] if mention.first else None
    after = tokens[mention.last] if mention.last < len(tokens) else None
    if after is not None and (after.tag in ("NOUN", "POS") or after.surface in ("-", "(", "’", "'")):
        return False
    return before is None or (
        before.tag not in ("NOUN", "ADJ", "ING", "ED", "POS") and before.surface not in ("-", "(")
    )


def _exchanged(statement: str, surface: str, name: str) -> Contrary:
    position = statement.lower().index(surface.lower())
    fitted = with_capital(name) if position == 0 else name
    before = _with_article_for(name, statement[:position])
    return Contrary(before + fitted + statement[position + len(surface) :], surface, name)


def _with_article_for(word: str, before: str) -> str:
    """`before` with the a or an at its end changed to what `word` asks for."""
    article = re.search(r"\b(an?) $", before, re.IGNORECASE)
    if article is None:
        return before
    right = "an" if begins_with_vowel_sound(word) else "a"
    return before[: article.start(1)] + (with_capital(right) if article[1][0].isupper() else right) + " "
