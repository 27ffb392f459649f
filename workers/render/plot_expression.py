"""Formulas of one variable, read by a closed list of names and never evaluated as program code.

The text is parsed into Python's syntax tree, which runs nothing. Only the node kinds, operators and names listed here
are admitted; the tree is then turned into LaTeX for its label and into NumPy calls for its curve.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.render.errors import SceneInvalidError

Values = npt.NDArray[np.float64]

MAX_LENGTH = 200
MAX_NODES = 120
MAX_DEPTH = 40
MAX_EXPONENT = 64.0
MAX_NUMBER = 1e12

CONSTANTS = {"pi": float(np.pi), "e": float(np.e), "E": float(np.e)}
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "exp": np.exp, "log": np.log, "ln": np.log,
    "sqrt": np.sqrt, "abs": np.abs, "Abs": np.abs, "sign": np.sign, "floor": np.floor, "ceiling": np.ceil,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_IMPLICIT_PRODUCT = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s*(?=[a-zA-Z(])(?!e[+-]?\d)")


@dataclass(frozen=True)
class PlotExpression:
    """A function y = f(x)."""

    source: str
    tree: ast.expr

    def values(self, x: Values) -> Values:
        """f at each x; not a number where f is not defined."""
        with np.errstate(all="ignore"):
            result = np.asarray(_numbers(self.tree, x), dtype=np.float64)
        return np.where(np.isfinite(result), result, np.nan) * np.ones_like(x)

    def latex(self) -> str:
        """The function as LaTeX, written as its author did."""
        return _latex(self.tree)[0]


def parse_plot_expression(text: str) -> PlotExpression:
    """Reads `text`; `^` is a power and `2x` a product, as on paper.

    Raises SceneInvalidError for anything that is not a formula in x made of the known functions.
    """
    source = text.strip().removeprefix("y =").removeprefix("f(x) =").removeprefix("y=").strip()
    if not source or len(source) > MAX_LENGTH:
        raise SceneInvalidError(f"a plot's expression has 1 to {MAX_LENGTH} characters")
    if "__" in source or not source.isascii():
        raise SceneInvalidError(
            "a plot's expression has digits, operators, brackets and names of functions only"
        )
    source = _IMPLICIT_PRODUCT.sub(r"\1*", source.replace("^", "**"))
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SceneInvalidError("a plot's expression is not a formula; write it like x**2 - 1") from error
    _check(tree)
    return PlotExpression(source, tree)


def _check(tree: ast.expr) -> None:
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise SceneInvalidError("a plot's expression is too long")
    _check_node(tree, 0)


def _check_node(node: ast.expr, depth: int) -> None:
    """Raises SceneInvalidError unless `node` is made of admitted kinds and names."""
    if depth > MAX_DEPTH:
        raise SceneInvalidError("a plot's expression is nested too deeply")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            if not abs(value) <= MAX_NUMBER:
                raise SceneInvalidError("a number in a plot's expression is too large")
        case ast.Name(id=name):
            if name != "x" and name not in CONSTANTS:
                raise SceneInvalidError(f"a plot's expression knows x, pi and e, not {name!r}")
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check_node(operand, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            _check_node(left, depth + 1)
            _check_node(right, depth + 1)
            _check_exponent(op, right)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            if name not in FUNCTIONS:
                raise SceneInvalidError(
                    f"a plot's expression has no function {name!r}; use one of {', '.join(FUNCTIONS)}"
                )
            _check_node(argument, depth + 1)
        case _:
            raise SceneInvalidError(
                "a plot's expression is made of numbers, x, + - * / ** and functions of one argument"
            )


def _check_exponent(op: ast.operator, exponent: ast.expr) -> None:
    """Powers of powers of numbers would grow without end before anything is drawn."""
    if not isinstance(op, ast.Pow) or any(
        isinstance(part, ast.Name) and part.id == "x" for part in ast.walk(exponent)
    ):
        return
    with np.errstate(all="ignore"):
        value = float(_numbers(exponent, np.zeros(1)).reshape(-1)[0])
    if not abs(value) <= MAX_EXPONENT:
        raise SceneInvalidError(f"an exponent in a plot's expression is at most {MAX_EXPONENT:.0f}")


def _numbers(node: ast.expr, x: Values) -> Values:
    match node:
        case ast.Constant(value=value):
            return np.full_like(x, float(value))  # type: ignore[arg-type]
        case ast.Name(id=name):
            return x if name == "x" else np.full_like(x, CONSTANTS[name])
        case ast.UnaryOp(op=op, operand=operand):
            inner = _numbers(operand, x)
            return -inner if isinstance(op, ast.USub) else inner
        case ast.BinOp(left=left, op=binary, right=right):
            return np.asarray(OPERATORS[type(binary)](_numbers(left, x), _numbers(right, x)))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return np.asarray(FUNCTIONS[name](_numbers(argument, x)))
    raise SceneInvalidError("a plot's expression was not checked")


def _latex(node: ast.expr) -> tuple[str, int]:
    """LaTeX of `node` and how tightly its parts are bound: 1 sum, 2 product, 3 power, 4 a single thing."""
    match node:
        case ast.Constant(value=value):
            return _number(value), 4
        case ast.Name(id=name):
            return {"pi": r"\pi ", "x": "x"}.get(name, "e"), 4
        case ast.UnaryOp(op=op, operand=operand):
            return ("-" if isinstance(op, ast.USub) else "") + _bound(operand, 2), 1
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return rf"\frac{{{_latex(left)[0]}}}{{{_latex(right)[0]}}}", 3
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"{_bound(left, 4)}^{{{_latex(right)[0]}}}", 3
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _product(left, right), 2
        case ast.BinOp(left=left, op=binary, right=right):
            minus = isinstance(binary, ast.Sub)
            return f"{_bound(left, 1)} {'-' if minus else '+'} {_bound(right, 2 if minus else 1)}", 1
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return _call(name, _latex(argument)[0]), 4
    raise SceneInvalidError("a plot's expression was not checked")


def _number(value: object) -> str:
    """A number as on paper; a power of ten where it is very large or small."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    mantissa, power, exponent = text.partition("e")
    if not power:
        return text
    return ("" if mantissa == "1" else rf"{mantissa} \cdot ") + f"10^{{{int(exponent)}}}"


def _bound(node: ast.expr, tightness: int) -> str:
    """LaTeX of `node`, in brackets when it is bound less tightly than its surroundings."""
    latex, own = _latex(node)
    return latex if own >= tightness else rf"\left({latex}\right)"


def _product(left: ast.expr, right: ast.expr) -> str:
    first, second = _bound(left, 2), _bound(right, 3)
    needs_dot = (
        second[0].isdigit() or second[0] == "-" or (second.startswith(r"\frac") and first[-1].isdigit())
    )
    return rf"{first} \cdot {second}" if needs_dot else f"{first} {second}"


def _call(name: str, argument: str) -> str:
    match name:
        case "sqrt":
            return rf"\sqrt{{{argument}}}"
        case "exp":
            return f"e^{{{argument}}}"
        case "abs" | "Abs":
            return rf"\left|{argument}\right|"
        case "floor":
            return rf"\lfloor {argument} \rfloor"
        case "ceiling":
            return rf"\lceil {argument} \rceil"
        case "asin" | "acos" | "atan":
            return rf"\arc{name[1:]}\left({argument}\right)"
        case "sign":
            return rf"\operatorname{{sign}}\left({argument}\right)"
    return rf"\{name}\left({argument}\right)"
