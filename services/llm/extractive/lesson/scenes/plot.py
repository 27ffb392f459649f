"""Scenes that draw a formula as a curve."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import sympy
from mootion.video.v1.script_pb2 import PlotContent, Scene

from services.llm.extractive.lesson.material import Material
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.scenes.formula import explained, in_order
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.questions.expression_text import symbol_in_words
from services.llm.extractive.questions.formulas import Formula
from services.llm.extractive.questions.wording import joined, without_article

_SAMPLES = 25
_MOST_SYMBOLS = 3


@dataclass(frozen=True)
class Curve:
    """A formula as a curve over one of its symbols; all others are held at one."""

    expression: sympy.Expr
    symbol: str
    held: tuple[str, ...]
    interval: tuple[float, float]
    # What it does, in a sentence with `{across}` and `{up}`.
    shape: str


def draft(material: Material) -> Iterator[SceneDraft]:
    """A scene for every formula of at most three symbols that rises or falls all along."""
    for formula, term in explained(material):
        curve = _curve(formula)
        if curve is not None:
            yield _draft(material, formula, term, curve)


def _curve(formula: Formula) -> Curve | None:
    """Over the first symbol that bends the curve, else over the first; None where neither can be drawn."""
    if len(formula.symbols) > _MOST_SYMBOLS or formula.right.has(sympy.Abs):
        return None
    known = [symbol for symbol in in_order(formula) if symbol in formula.meanings]
    found = [curve for symbol in known if (curve := _over(formula, symbol)) is not None]
    return next((curve for curve in found if "straight" not in curve.shape), found[0] if found else None)


def _over(formula: Formula, symbol: str) -> Curve | None:
    x = sympy.Symbol("x")
    held = tuple(other for other in in_order(formula) if other != symbol)
    values = {sympy.Symbol(other): sympy.Integer(1) for other in held}
    expression = formula.right.subs(values).subs({sympy.Symbol(symbol): x})
    interval = _interval(expression, x)
    shape = _shape(expression, x, interval) if interval is not None else ""
    return Curve(expression, symbol, held, interval, shape) if interval is not None and shape else None


def _draft(material: Material, formula: Formula, term: int, curve: Curve) -> SceneDraft:
    left, symbol = formula.shown(formula.left), formula.shown(curve.symbol)
    across, up = symbol_in_words(curve.symbol), symbol_in_words(formula.left)
    kept = joined([symbol_in_words(other) for other in curve.held])
    fixed = ", ".join(f"{formula.shown(other)} = 1" for other in curve.held)
    up_label = _label(formula, formula.left)
    content = PlotContent(
        expression=str(curve.expression), x_min=curve.interval[0], x_max=curve.interval[1],
        x_label=_label(formula, curve.symbol), y_label=f"{up_label} ({fixed})"[:60] if fixed else up_label,
    )  # fmt: skip
    return SceneDraft(
        scene=Scene(title=f"How {left} depends on {symbol}", plot=content),
        forms=[
            [
                f"Let us see that formula as a curve, with {kept} kept the same."
                if kept
                else "Let us see that formula as a curve.",
                *spoken(f"Along the bottom we have {formula.meanings[curve.symbol]}"),
                curve.shape.format(across=across, up=up),
            ]
        ],
        citations=[material.shop.citation(formula.sentence)],
        anchor=formula.sentence.index,
        worth=0.35 + material.importance[term],
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
