"""Plot expressions are formulas in x and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.render.curve import sample
from workers.render.errors import SceneInvalidError
from workers.render.plot_expression import parse_plot_expression


@pytest.mark.parametrize(
    ("text", "at_two", "latex"),
    [
        ("x**2 - 1", 3.0, "x^{2} - 1"),
        ("2x^2 - 3(x-1)", 5.0, r"2 x^{2} - 3 \left(x - 1\right)"),
        ("y = 1/(1+exp(-x))", 1 / (1 + np.exp(-2)), r"\frac{1}{1 + e^{-x}}"),
        ("sin(pi*x/4)", 1.0, r"\sin\left(\frac{\pi  x}{4}\right)"),
        ("-x**2", -4.0, "-x^{2}"),
        ("x-(x-1)", 1.0, r"x - \left(x - 1\right)"),
        ("abs(x) + sqrt(x*2)", 4.0, r"\left|x\right| + \sqrt{x \cdot 2}"),
        ("0.00001*x", 2e-5, r"10^{-5} x"),
    ],
)
def test_formulas_are_read_as_on_paper(text: str, at_two: float, latex: str) -> None:
    expression = parse_plot_expression(text)
    assert expression.values(np.array([2.0]))[0] == pytest.approx(at_two)
    assert expression.latex() == latex


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')", "().__class__", "x.real", "lambda: 1", "[x]*9", "exec(x)", "open(x)",
        "eval(x)", "9**9**9", "10**100000", "2**64**2", "x**1000", "9" * 190, "x if x else 1", "f'{x}'", "x;x", "x=1",
        "True", "1j", "y", "sin", "sin(x, 2)", "sin(x=2)", "x[0]", "x<1", "x and x", "not x", "~x", "x//2", "x%2",
        "x@x", "*x", "", "(" * 150, "-" * 199 + "x", "x" * 300, "ｘ", "nan", "inf", "'a'*9", "b'a'", "...", "x:=1",
        "await x", "{x}", "print(x)",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SceneInvalidError):
        parse_plot_expression(text)


@given(st.text(max_size=60))
def test_any_text_is_either_a_formula_or_refused(text: str) -> None:
    try:
        expression = parse_plot_expression(text)
    except SceneInvalidError:
        return
    assert expression.values(np.array([0.5, 1.5])).shape == (2,)


def test_a_pole_breaks_the_curve_and_does_not_flatten_the_rest() -> None:
    curve = sample(parse_plot_expression("1/x"), -5.0, 5.0)
    assert len(curve.branches) == 2
    assert curve.high < 20


def test_zeros_and_turning_points_are_found() -> None:
    curve = sample(parse_plot_expression("x**2 - 2*x - 3"), -3.0, 5.0)
    found = sorted((feature.name, round(feature.x, 3), round(feature.y, 3)) for feature in curve.features)
    assert found == [("minimum", 1.0, -4.0), ("zero", -1.0, 0.0), ("zero", 3.0, 0.0)]
