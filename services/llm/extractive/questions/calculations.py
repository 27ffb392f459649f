"""Worked examples in a document: calculations with numbers put in, each with the result that the text finds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.formulas import parsed_expression
from services.llm.extractive.questions.item_view import flat
from services.llm.extractive.questions.quantities import NO_TERM
from services.llm.extractive.questions.reading import Reading
from services.llm.extractive.questions.repeats import said_once

_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
# Numbers joined by signs, brackets and spaces: what the brackets mean, the reader of expressions decides.
_SUM = re.compile(r"[\d(][\d().,\s+−–*/×·÷-]*[\d)]\s*$")
_RESULT = re.compile(rf"\s*(?P<result>{_NUMBER})(?![\d/(%]|\s?[-+−*/×·÷=])")
# What is worked out, up to the numbers put in: `P(A OR B) = P(A) + P(B)`.
_STEP = re.compile(
    r"(?:(?<![^\W_])[^\W\d_] ?\([^()=]{1,24}\)|(?<![^\W_])(?:[^\W\d_]|[A-Z]{2,3})(?![^\W_])|[-+−*/×·() ])+$"
)
_BEFORE = 4


@dataclass(frozen=True, slots=True)
class Calculation:
    """`shown` is the calculation up to its last sign of equality; `numbers` are those put in, in order."""

    term: int
    shown: str
    numbers: tuple[float, ...]
    result: str
    sentence: Sentence

    @property
    def decimals(self) -> int:
        """Digits after the decimal point of the result."""
        return len(self.result.partition(".")[2])


def calculations(reading: Reading) -> list[Calculation]:
    """All calculations that come out as the text says, each wording once, also those of made-up cases."""
    sentences = said_once(reading.analysis.sentences)
    return list(chain.from_iterable(_calculations(reading, sentence) for sentence in sentences))


def _calculations(reading: Reading, sentence: Sentence) -> Iterator[Calculation]:
    """One for each sign of equality with numbers before it and their result behind it."""
    parts = sentence.text.split("=")
    for place in range(1, len(parts)):
        numbers, result = _SUM.search(parts[place - 1]), _RESULT.match(parts[place])
        if numbers is None or result is None or not _is_sum(numbers[0], result["result"]):
            continue
        shown = " = ".join(
            (*_steps([*parts[: place - 1], parts[place - 1][: numbers.start()]]), numbers[0].strip())
        )
        values = tuple(_value(number) for number in re.findall(_NUMBER, numbers[0]))
        yield Calculation(_term(reading, sentence), shown, values, result["result"], sentence)


def _is_sum(numbers: str, result: str) -> bool:
    several = len(re.findall(_NUMBER, numbers)) > 1
    return several and _comes_out(numbers, result)


def _steps(parts: Sequence[str]) -> list[str]:
    """What stands before the numbers put in, as far back as it is notation and not words."""
    steps: list[str] = []
    *before, last = parts
    if last.strip():
        return steps
    for part in reversed(before):
        step = _STEP.search(part.rstrip())
        if step is not None and step[0].strip():
            steps.insert(0, step[0].strip())
        if step is None or step[0].strip() != part.strip():
            break
    return steps


def _value(written: str) -> float:
    return float(written.replace(",", ""))


def _comes_out(expression: str, result: str) -> bool:
    """Whether the numbers give the result as far as it is written."""
    parsed = parsed_expression(expression.replace(",", "").replace("–", "-").replace("÷", "/"))
    if parsed is None or parsed.free_symbols or not parsed.is_finite:
        return False
    decimals = len(result.partition(".")[2])
    return bool(abs(float(parsed) - _value(result)) <= 0.51 * 0.1**decimals)


def _term(reading: Reading, sentence: Sentence) -> int:
    """The first term named in the sentence, or in those just before it in the same section."""
    sentences, section_of = reading.analysis.sentences, reading.analysis.section_of
    before = reversed(sentences[max(0, sentence.index - _BEFORE) : sentence.index])
    for near in (sentence, *before):
        mentions = reading.mentions(near) if section_of[near.passage] == section_of[sentence.passage] else ()
        if mentions:
            return mentions[0].term
    return NO_TERM


def wrong_results(calculation: Calculation) -> list[str]:
    """What comes out where one errs: another operation, the complement, the point misplaced.

    None stands in the text.
    """
    right = _value(calculation.result)
    pairs = combinations(calculation.numbers, 2)
    erred = [value for a, b in pairs for value in (a + b, abs(a - b), a * b, a / b if b else 0.0)]
    erred += [1 - right if 0 < right < 1 else right + 1, right * 10, right / 10, right * 2, right / 2]
    shown = [f"{value:.{calculation.decimals}f}" for value in erred if value > 0]
    said = flat(calculation.sentence.text)
    wrong = [text for text in dict.fromkeys(shown) if _value(text) not in (right, 0.0)]
    return [text for text in wrong if flat(text) not in said]
