"""Reads a formula that a learner typed, by a closed list of names and operators; it is never run as code."""

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

import sympy

MOST_CHARACTERS = 200
MOST_EXPONENT = 64
SIGNS = str.maketrans({"·": "*", "×": "*", "−": "-", "÷": "/", "^": "%", "λ": "lamda"})
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "sqrt": sympy.sqrt,
    "exp": sympy.exp,
    "log": sympy.log,
    "ln": sympy.log,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "abs": sympy.Abs,
}
OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
# Two formulas are equal when they agree at these places; each symbol gets another square root of a prime.
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)
SAMPLE_SHIFTS = (0, 1, 4)
TOLERANCE = 1e-9


class UnreadableFormula(ValueError):
    """The text is no formula of the closed language."""


def parse(text: str) -> Any:
    """Reads `v = f * lambda`, `2x^2 + 1` or `sqrt(a/b)` into a SymPy expression. Of an equation the right side counts.

    Raises:
        UnreadableFormula: the text is too long or uses anything outside of the closed language.
    """
    if len(text) > MOST_CHARACTERS:
        raise UnreadableFormula(f"it is longer than {MOST_CHARACTERS} characters")
    body = text.rsplit("=", 1)[-1].strip().replace("lambda", "lamda").translate(SIGNS).replace("%", "**")
    body = re.sub(r"(?<=[\d)])\s*(?=[A-Za-z(])", "*", body)
    try:
        tree = ast.parse(body, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise UnreadableFormula("it is not written as a formula") from None
    return _convert(tree.body)


def _convert(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return sympy.nsimplify(number) if abs(number) < 1e15 else sympy.Float(number)
        case ast.Name(id=name):
            return sympy.pi if name in ("pi", "π") else sympy.Symbol(name, positive=True)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_convert(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_convert(left), _convert(right))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            return OPERATORS[type(operator)](_convert(left), _convert(right))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](_convert(argument))
    raise UnreadableFormula("it uses something else than numbers, symbols, + - * / ^ and known functions")


def _power(base: Any, exponent: Any) -> Any:
    if exponent.is_number and abs(exponent) > MOST_EXPONENT:
        raise UnreadableFormula(f"its exponent is larger than {MOST_EXPONENT}")
    if base.is_number and exponent.is_number and abs(base) > 1e6:
        raise UnreadableFormula("its power is too large")
    return base**exponent


def equal(first: Any, second: Any) -> bool:
    """Whether two expressions name the same value for all values of their symbols: they use the same symbols and agree
    at several places that no short identity holds at by chance (Schwartz 1980, Zippel 1979)."""
    symbols = sorted(first.free_symbols | second.free_symbols, key=str)
    if len(symbols) + max(SAMPLE_SHIFTS) > len(PRIMES):
        return False
    return all(_agree(first, second, symbols, shift) for shift in SAMPLE_SHIFTS)


def _agree(first: Any, second: Any, symbols: list[Any], shift: int) -> bool:
    place = {symbol: sympy.sqrt(PRIMES[index + shift]) for index, symbol in enumerate(symbols)}
    try:
        a, b = (complex(expression.subs(place).evalf(18)) for expression in (first, second))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return False
    return abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b))
