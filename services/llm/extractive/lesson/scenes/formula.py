"""Scenes made of formulas: the equation itself, its curve, and a worked example."""

from collections.abc import Iterator
from itertools import pairwise

import sympy
from mootion.video.v1.script_pb2 import (
    EquationContent,
    EquationSymbol,
    PlotContent,
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

_SAMPLES = 25
_VALUES = (2, 4, 5, 10, 3, 8)


def draft(material: Material) -> Iterator[SceneDraft]:
    """For every formula the equation, and its curve or an example where it allows one."""
    for formula in material.shop.formulas:
        term = term_of_formula(material.shop, formula)
        if term is None:
            continue
        known = sum(name in formula.meanings for name in formula.symbols)
        if formula.left not in formula.meanings or 2 * known < len(formula.symbols):
            continue
        worth = material.importance[term]
        yield _equation(material, formula, term, worth)
        yield from _plot(material, formula, term, worth)
        yield from _worked(material, formula, term, worth)


def _equation(material: Material, formula: Formula, term: int, worth: float) -> SceneDraft:
    name = formula.meanings[formula.left]
    symbols = [formula.left, *_in_order(formula)]
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


def _in_order(formula: Formula) -> list[str]:
    """Symbols of the right side in the order the text writes them."""
    return sorted(formula.symbols, key=lambda s: (formula.text.find(formula.shown(s)), s))


def _plot(material: Material, formula: Formula, term: int, worth: float) -> Iterator[SceneDraft]:
    symbols = sorted(formula.right.free_symbols, key=str)
    if len(symbols) != 1 or formula.right.has(sympy.Abs):
        return
    x = sympy.Symbol("x")
    curve = formula.right.subs({symbols[0]: x})
    interval = _interval(curve, x)
    shape = _shape(curve, x, interval) if interval is not None else ""
    if interval is None or not shape:
        return
    across, up = symbol_in_words(str(symbols[0])), symbol_in_words(formula.left)
    meaning = formula.meanings.get(str(symbols[0]), across)
    content = PlotContent(
        expression=str(curve), x_min=interval[0], x_max=interval[1],
        x_label=_label(formula, str(symbols[0])), y_label=_label(formula, formula.left),
    )  # fmt: skip
    yield SceneDraft(
        scene=Scene(
            title=f"How {formula.shown(formula.left)} depends on {formula.shown(str(symbols[0]))}",
            plot=content,
        ),
        forms=[
            [
                "Let us see that formula as a curve.",
                *spoken(f"Along the bottom we have {meaning}"),
                shape.format(across=across, up=up),
            ]
        ],
        citations=[material.shop.citation(formula.sentence)],
        anchor=formula.sentence.index,
        worth=0.35 + worth,
        terms=frozenset((term,)),
    )


def _label(formula: Formula, symbol: str) -> str:
    meaning = without_article(formula.meanings.get(symbol, ""))
    return (f"{meaning} {formula.shown(symbol)}" if meaning else formula.shown(symbol))[:60]


def _interval(curve: sympy.Expr, x: sympy.Symbol) -> tuple[float, float] | None:
    """An interval on which the curve is real and finite: 0 to 10 where it can be, else away from 0."""
    for left, right in ((0.0, 10.0), (0.2, 5.0), (1.0, 10.0)):
        values = [sympy.N(curve.subs({x: left + (right - left) * i / _SAMPLES})) for i in range(_SAMPLES + 1)]
        if all(value.is_real and value.is_finite and abs(float(value)) < 1e9 for value in values):
            return left, right
    return None


def _shape(curve: sympy.Expr, x: sympy.Symbol, interval: tuple[float, float]) -> str:
    """What the curve does, in a sentence with `{across}` and `{up}`, found by sampling it; empty for a mixed shape."""
    left, right = interval
    values = [
        float(sympy.N(curve.subs({x: left + (right - left) * i / _SAMPLES}))) for i in range(_SAMPLES + 1)
    ]
    steps = [b - a for a, b in pairwise(values)]
    if all(step == 0 for step in steps):
        return ""
    straight = max(steps) - min(steps) < 1e-9 * max(1.0, max(abs(v) for v in values))
    if all(step > 0 for step in steps):
        return "As {across} grows, {up} rises" + (
            " in a straight line." if straight else _bend(steps, "faster", "more slowly")
        )
    if all(step < 0 for step in steps):
        return "As {across} grows, {up} falls" + (
            " in a straight line." if straight else _bend([-s for s in steps], "faster", "more slowly")
        )
    return ""


def _bend(steps: list[float], growing: str, shrinking: str) -> str:
    return f", {growing} and {growing}." if steps[-1] > steps[0] else f", first quickly and then {shrinking}."


def _worked(material: Material, formula: Formula, term: int, worth: float) -> Iterator[SceneDraft]:
    names = _in_order(formula)
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
        worth=0.25 + worth,
        terms=frozenset((term,)),
    )  # fmt: skip
