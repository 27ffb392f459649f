"""Reasons that a document gives: a statement and, after because, why it is so."""

import re
from dataclasses import dataclass

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.standalone import points_elsewhere, unbalanced, without_connective
from services.llm.extractive.questions.wording import cleaned, with_capital, with_small_letter, word_count

_BECAUSE_LAST = re.compile(r"^(?P<fact>[^;:—]{15,180}?),? because (?P<reason>(?!of\b)[^;:—]{12,180}?)\.$")
_BECAUSE_FIRST = re.compile(
    r"^because (?P<reason>(?!of\b)[^;:—,]{12,140}), (?P<fact>[^;:—]{15,160})\.$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Cause:
    """`fact` because `reason`; `opening` is the pronoun or article that the reason begins with, else empty."""

    term: int
    fact: str
    reason: str
    opening: str
    sentence: Sentence


def causes(reading: Reading) -> list[Cause]:
    """All reasons in sentences that stand alone and mention a term, in document order."""
    found = (_cause(reading, sentence) for sentence in reading.standing)
    return [cause for cause in found if cause is not None]


def _cause(reading: Reading, sentence: Sentence) -> Cause | None:
    text = cleaned(without_connective(sentence.text))
    match = _BECAUSE_LAST.match(text) or _BECAUSE_FIRST.match(text)
    mentions = reading.mentions(sentence)
    if match is None or not mentions or re.match(r"because\b", match["fact"], re.IGNORECASE):
        return None
    fact, reason = with_capital(match["fact"].strip(" ,")), with_small_letter(match["reason"].strip(" ,"))
    if points_elsewhere(fact) or re.search(
        r"\b(?:simply|partly|not|only|just|precisely|in part|this is|that is|so called|so-called|its name)$",
        fact,
    ):
        return None
    if (text.count(",") > 1 and match.re is _BECAUSE_FIRST) or unbalanced(fact) or unbalanced(reason):
        return None
    if word_count(reason) < 4 or word_count(fact) < 4:
        return None
    opening = re.match(r"(?:it|they|he|she|the|a|an|its|their)\b", reason)
    return Cause(mentions[0].term, fact, reason, opening[0] if opening else "", sentence)
