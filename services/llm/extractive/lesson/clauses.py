"""Clauses of running text as what they speak of and what they say of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.verbs import Agreement, finite_verb
from services.llm.extractive.questions.wording import cleaned, is_plural, word_count
from services.llm.extractive.tokens import Token

MOST_SUBJECT_WORDS = 7
FEWEST_PREDICATE_WORDS = 3
_NO_SUBJECT = re.compile(
    r"\b(?:it|they|he|she|we|you|this|these|those|that|which|who|there|others?|some|one|both|each|what|another|ones?"
    r"|when|if|because|as|since|though|although|its|their|i|none|many|most|all|any|such|same|figure|table|chapter)\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:in|for|with|at|during|on|among|under) (?P<name>[^,]{3,50}), (?P<rest>.+)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Clause:
    """`subject` keeps its article; `predicate` begins with the finite verb."""

    subject: str
    predicate: str


def clause_of(reading: Reading, text: str) -> Clause | None:
    """`text` parted before its first finite verb; None where no noun of few words stands before it."""
    plain = cleaned(text).strip(" ,;:.")
    tokens = reading.tokens_of(plain)
    for i in range(1, min(2 * MOST_SUBJECT_WORDS, len(tokens))):
        subject, predicate = plain[: tokens[i].start].strip(), plain[tokens[i].start :]
        if _follows_term(reading, tokens, i) or _follows_noun(reading, tokens, i, subject):
            usable = word_count(predicate) >= FEWEST_PREDICATE_WORDS and names_something(subject)
            return Clause(subject, predicate) if usable else None
    return None


def _follows_term(reading: Reading, tokens: Sequence[Token], i: int) -> bool:
    """Whether a term that opens the clause ends at `i` and an object follows what stands there."""
    opens = any(
        m.last == i and (m.first == 0 or (m.first == 1 and tokens[0].tag == "DET"))
        for m in reading.mentions_in(tokens)[:2]
    )
    return opens and i + 1 < len(tokens) and tokens[i].tag in ("NOUN", "VERB") and tokens[i + 1].tag == "DET"


def _follows_noun(reading: Reading, tokens: Sequence[Token], i: int, subject: str) -> bool:
    """Whether a finite verb stands at `i` that agrees with the noun before it."""
    agreement = finite_verb(tokens, i, reading.analysis.language.zipf)
    fits = agreement is Agreement.ANY or (agreement is Agreement.PLURAL) == is_plural(subject)
    ends = tokens[i - 1].tag not in ("DET", "ADJ", "ADP", "CONJ", "MARK", "PRON")
    return agreement is not None and fits and ends and any(token.tag == "NOUN" for token in tokens[:i])


def lead_of(text: str) -> Clause | None:
    """`In a solid, ...` as what it is about and the clause behind it; None where no such phrase opens the text."""
    match = _LEAD.match(text)
    if match is None or not names_something(match["name"]):
        return None
    return Clause(match["name"], match["rest"])


def names_something(subject: str) -> bool:
    """Whether a subject is a name of few words and no pronoun."""
    return word_count(subject) <= MOST_SUBJECT_WORDS and not _NO_SUBJECT.search(subject)
