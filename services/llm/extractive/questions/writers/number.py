"""Questions that ask for a number: to choose, to type, or to work out by a formula."""

import re
from collections.abc import Iterator

import sympy
from mootion.llm.v1 import task_pb2
from mootion.llm.v1.task_pb2 import Item

from services.llm.extractive.questions.draft import Seed, drafted, explained, with_options
from services.llm.extractive.questions.formulas import Formula
from services.llm.extractive.questions.item_view import GAP
from services.llm.extractive.questions.quantities import NO_TERM, Quantity, other_numbers
from services.llm.extractive.questions.wording import cleaned, quoted, with_capital
from services.llm.extractive.questions.workshop import Workshop

TEMPLATES = ("number", "stated number", "worked number")
_WRONG_OPTIONS = 3
_SMALL_NUMBERS = (2, 3, 4, 5, 6, 8, 10, 12, 20)
_APPROXIMATE = re.compile(
    r"(?:about|approximately|around|roughly|nearly|almost|some|close to|over|more than|less than|up to) $",
    re.IGNORECASE,
)


def plan(shop: Workshop) -> Iterator[Seed]:
    """Every number a sentence states, and every formula with values put in."""
    for quantity in shop.quantities:
        quality = (
            0.4 + 0.25 * (not quantity.is_word) + 0.1 * bool(quantity.unit) - 1.5 * (quantity.term == NO_TERM)
        )
        yield Seed(task_pb2.SINGLE_CHOICE, "number", quantity, quantity.term, quality, quantity.sentence)
        yield Seed(task_pb2.NUMERIC, "stated number", quantity, quantity.term, quality, quantity.sentence)
    for formula in shop.formulas:
        term = term_of_formula(shop, formula)
        if term is not None:
            yield Seed(task_pb2.NUMERIC, "worked number", formula, term, 0.85, formula.sentence)


def write(shop: Workshop, seed: Seed) -> Item | None:
    """The item of a seed; None where no sound question can be made of it."""
    if seed.template == "worked number":
        return _worked(shop, seed)
    quantity: Quantity = seed.fact
    gapped = quantity.text[: quantity.start] + GAP + quantity.text[quantity.end :]
    stem = f"Which number completes the sentence? {quoted(with_capital(cleaned(gapped)))}"
    if seed.template == "number":
        random = shop.random("number", quantity.sentence.text)
        wrong = other_numbers(quantity, shop.quantities, random)[:_WRONG_OPTIONS]
        return (
            with_options(drafted(shop, seed, stem), [quantity.written], wrong, random)
            if len(wrong) == 3
            else None
        )
    item = drafted(shop, seed, stem)
    item.key.number = quantity.value
    item.key.tolerance = _tolerance(quantity)
    item.key.unit = quantity.unit if quantity.unit and not quantity.is_word else ""
    return item


def _tolerance(quantity: Quantity) -> float:
    """A twentieth of a number that the text calls approximate; else half a unit of its last decimal, 0 for counts."""
    if not quantity.is_word and _APPROXIMATE.search(quantity.text[: quantity.start]) and not quantity.is_year:
        return round(abs(quantity.value) * 0.05, 10)
    return 0.5 * 10**-quantity.decimals if quantity.decimals else 0.0


def term_of_formula(shop: Workshop, formula: Formula) -> int | None:
    """The term that a formula is about: in its sentence, in what its symbols mean, or in the sentences before."""
    sentences = shop.reading.analysis.sentences
    around = [
        formula.sentence,
        *reversed(sentences[max(0, formula.sentence.index - 4) : formula.sentence.index]),
    ]
    meaning = formula.meanings.get(formula.left, "")
    for mention in shop.reading.mentions_in(shop.reading.tokens_of(meaning)):
        return mention.term
    for sentence in around:
        for mention in shop.reading.mentions(sentence):
            return mention.term
    return None


def _worked(shop: Workshop, seed: Seed) -> Item | None:
    formula: Formula = seed.fact
    random = shop.random("worked", formula.text)
    symbols = sorted(formula.right.free_symbols, key=str)
    if not 1 <= len(symbols) <= 4:
        return None
    for _ in range(12):
        values = {symbol: random.choice(_values_of(formula, str(symbol))) for symbol in symbols}
        result = sympy.N(formula.right.subs(values))
        if result.is_real and result.is_finite and 0.001 <= abs(float(result)) <= 1e7:
            return _worked_item(shop, seed, formula, {str(s): v for s, v in values.items()}, float(result))
    return None


def _values_of(formula: Formula, symbol: str) -> tuple[int, ...]:
    """Values to put in: those that the text lists for the symbol, as in `with n = 1, 3, 5`, else small numbers."""
    listed = re.search(rf"\b{re.escape(symbol)} = (\d+(?:, \d+)+)", formula.sentence.text)
    return tuple(int(part) for part in listed[1].split(", ")) if listed else _SMALL_NUMBERS


def _worked_item(shop: Workshop, seed: Seed, formula: Formula, values: dict[str, int], result: float) -> Item:
    given = " and ".join(f"{formula.shown(name)} = {value}" for name, value in values.items())
    left = formula.shown(formula.left)
    stem = f"The text gives the formula {formula.text}. What is {left} when {given}? Round to three significant digits."
    number = float(f"{result:.6g}")
    item = drafted(
        shop, seed, stem, explained(seed.sentence.text, "Put the values into the formula of the text: ")
    )
    item.explanation += f" The result is {left} = {number:.6g}."
    item.key.number = number
    item.key.tolerance = abs(number) * 0.01
    return item
