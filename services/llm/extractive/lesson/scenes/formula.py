"""Scenes made of formulas: the equation itself, and an example with numbers."""

from collections.abc import Iterator

import sympy
from mootion.video.v1.script_pb2 import (
    EquationContent,
    EquationSymbol,
    Scene,
    WorkedExampleContent,
)

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.questions.expression_text import (
    in_latex,
    in_plain_text,
    in_words,
    symbol_in_latex,
    symbol_in_words,
)
from services.llm.extractive.questions.formulas import Formula
from services.llm.extractive.questions.wording import with_capital, without_article
from services.llm.extractive.questions.writers.number import term_of_formula

_VALUES = (2, 4, 5, 10, 3, 8)


def draft(material: Material) -> Iterator[SceneDraft]:
    """For every formula the equation, and an example where it allows one."""
    for formula, term in explained(material):
        worth = material.importance[term]
        yield _equation(material, formula, term, worth)
        yield from _worked(material, formula, term, worth)


def explained(material: Material) -> Iterator[tuple[Formula, int]]:
    """The formulas of which the text says what the left side and half of the symbols are, with their terms."""
    for formula in material.shop.formulas:
        term = term_of_formula(material.shop, formula)
        known = sum(name in formula.meanings for name in formula.symbols)
        if term is not None and formula.left in formula.meanings and 2 * known >= len(formula.symbols):
            yield formula, term


def _equation(material: Material, formula: Formula, term: int, worth: float) -> SceneDraft:
    name = formula.meanings[formula.left]
    symbols = [formula.left, *in_order(formula)]
    known = [s for s in symbols if s in formula.meanings]
    content = EquationContent(
        latex=f"{symbol_in_latex(formula.left)} = {in_latex(formula.tree)}",
        symbols=[
            EquationSymbol(latex=symbol_in_latex(s), meaning=without_article(formula.meanings[s]))
            for s in known
        ],
    )
    return SceneDraft(
        scene=Scene(title=f"A formula for {name}", equation=content),
        forms=[
            [f"We can put {name} into a formula.", f"{_said_sides(formula)}.", *_said_symbols(formula, known)]
        ],
        citations=[material.shop.citation(formula.sentence)],
        anchor=formula.sentence.index,
        worth=0.6 + worth + 0.15 * len(known),
        terms=frozenset((term, *_named_terms(material, formula))),
    )


def _named_terms(material: Material, formula: Formula) -> Iterator[int]:
    """The terms that the meanings of its symbols name."""
    for meaning in formula.meanings.values():
        tokens = material.shop.reading.tokens_of(meaning)
        yield from (mention.term for mention in material.shop.reading.mentions_in(tokens))


def _said_sides(formula: Formula) -> str:
    return with_capital(f"{symbol_in_words(formula.left)} equals {in_words(formula.tree)}")


def _said_symbols(formula: Formula, known: list[str]) -> list[str]:
    said = [f"{symbol_in_words(s)} is {formula.meanings[s]}" for s in known]
    if not said:
        return []
    joined = said[0] if len(said) == 1 else ", ".join(said[:-1]) + f", and {said[-1]}"
    return spoken(f"Here, {joined}")


def in_order(formula: Formula) -> list[str]:
    """Symbols of the right side in the order the text writes them."""
    return sorted(formula.symbols, key=lambda s: (formula.text.find(formula.shown(s)), s))


def _worked(material: Material, formula: Formula, term: int, worth: float) -> Iterator[SceneDraft]:
    names = in_order(formula)
    if not 1 <= len(names) <= 3 or formula.right.has(sympy.log):
        return
    values = dict(zip(names, _VALUES, strict=False))
    result = sympy.nsimplify(formula.right.subs({sympy.Symbol(n): v for n, v in values.items()}))
    if not result.is_real or not result.is_finite:
        return
    shown = str(result) if result.is_Integer else f"{float(result):.3g}"
    is_exact = result == sympy.Rational(shown)
    left = formula.shown(formula.left)
    given = " and ".join(f"{formula.shown(n)} = {v}" for n, v in values.items())
    put_in = in_plain_text(formula.tree, {n: str(v) for n, v in values.items()})
    said = " and ".join(f"{symbol_in_words(n)} is {v}" for n, v in values.items())
    content = WorkedExampleContent(
        problem=f"Find {left} when {given}.",
        steps=[f"Write the formula: {formula.text}", f"Put in the values: {left} = {put_in}"],
        result=f"{left} {'=' if is_exact else '≈'} {shown}",
    )
    yield SceneDraft(
        scene=Scene(title=f"An example: finding {left}", worked_example=content),
        forms=[[
            f"Let us try it with numbers. Suppose {said}.", "We put these values into the formula.",
            f"The result: {symbol_in_words(formula.left)} is {'' if is_exact else 'about '}{shown}.",
        ]],
        citations=[material.shop.citation(formula.sentence)],
        anchor=formula.sentence.index,
        worth=0.6 + worth,
        terms=frozenset((term,)),
    )  # fmt: skip
