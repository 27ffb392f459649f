"""What a document says to follow from what: `If the string is shortened, then its pitch rises.`"""

import re
from dataclasses import dataclass

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.quantities import NO_TERM
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.repeats import said_once
from services.llm.extractive.questions.standalone import (
    is_example_section,
    points_elsewhere,
    unbalanced,
    without_connective,
)
from services.llm.extractive.questions.wording import cleaned, with_small_letter, word_count

_IF_THEN = re.compile(
    r"^(?:if|when|whenever) (?P<condition>[^;:—,]{10,140}?), then:? (?:(?:we|you) (?:say|know|see) that )?"
    r"(?P<result>[^;:—,]{6,140})\.$",
    re.IGNORECASE,
)
_RESULT_IF = re.compile(
    r"^(?P<result>[^;:—,]{12,140}?) (?:if and only if|if|whenever) (?P<condition>(?!the following)[^;:—,]{10,140})\.$"
)
_OF_A_PERSON = re.compile(
    r"\b(?:you|your|we|our|us|i|my|he|she|his|her|assume|note|must|could|would|should)\b", re.IGNORECASE
)
_PRONOUN = re.compile(r"^(?:it|they|this|these|that|those|he|she|its|their|there)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Condition:
    """`result` holds if `condition` does."""

    term: int
    condition: str
    result: str
    sentence: Sentence


def conditions(reading: Reading) -> list[Condition]:
    """All rules of the teaching text that can be read alone, each wording once."""
    found = (_condition(reading, sentence) for sentence in said_once(reading.analysis.sentences))
    return [condition for condition in found if condition is not None]


def _condition(reading: Reading, sentence: Sentence) -> Condition | None:
    section = reading.analysis.section(sentence).path
    if sentence.is_objective or sentence.index in reading.examples or is_example_section(section):
        return None
    text = cleaned(without_connective(sentence.text))
    match = _IF_THEN.match(text) or _RESULT_IF.match(text)
    mentions = reading.mentions(sentence)
    if match is None or _OF_A_PERSON.search(match["condition"]):
        return None
    condition, result = _in_running_text(match["condition"]), _in_running_text(match["result"])
    term = mentions[0].term if mentions else NO_TERM
    return Condition(term, condition, result, sentence) if _stands(condition, result) else None


def _in_running_text(clause: str) -> str:
    """Without the capital of a sentence's first word; a letter that stands for something keeps its own."""
    return (
        clause if re.match(r"(?:[B-Z]|A(?= and\b| or\b|\())(?![^\W_])", clause) else with_small_letter(clause)
    )


def _stands(condition: str, result: str) -> bool:
    if word_count(condition) < 4 or word_count(result) < 3 or _PRONOUN.match(result):
        return False
    if _OF_A_PERSON.search(result) or unbalanced(condition) or unbalanced(result):
        return False
    # Of formulas, the general ones hold under every condition.
    if "=" in result:
        return False
    return not (points_elsewhere(condition) or points_elsewhere(result))
