"""Algebraic expressions, read from text by a parser with a closed list of names; no text is run as a program."""

import re
from dataclasses import dataclass
from types import MappingProxyType

import sympy

from services.llm.extractive.closed_classes import words

LONGEST_EXPRESSION = 100
LARGEST_EXPONENT = 12
DEEPEST_NESTING = 24

_FUNCTIONS = MappingProxyType(
    {
        "sin": sympy.sin,
        "cos": sympy.cos,
        "tan": sympy.tan,
        "exp": sympy.exp,
        "ln": sympy.log,
        "sqrt": sympy.sqrt,
        "abs": sympy.Abs,
    }
)
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
TO_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_PLAIN = MappingProxyType(
    {
        "×": "*",
        "·": "*",
        "⋅": "*",
        "∙": "*",
        "−": "-",
        "–": "-",
        "÷": "/",
        "[": "(",
        "]": ")",
        "{": "(",
        "}": ")",
    }
)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)|(?P<function>log₁₀|log10|log_10|sin|cos|tan|exp|ln|log|sqrt|√)"
    r"|(?P<symbol>(?:lambda|theta|alpha|beta|gamma|omega|sigma|mu|rho|phi|pi|Delta|[A-Za-zΑ-Ωα-ωµ])(?:_?\d|[₀-₉])?['′]?)"
    r"|(?P<power>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)|(?P<mark>\*\*|[-+*/^()|]))"
)
_SHORT_WORDS = words("of is in to the and or for if Hz kg cm mm km ms log")


class UnreadableExpression(ValueError):
    """The text is no expression in the grammar read here."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression: `op` is number, symbol, call, neg, +, -, *, / or **; `text` its number or name."""

    op: str
    text: str = ""
    parts: "tuple[Node, ...]" = ()


def parse(text: str) -> Node:
    """`text` as a tree. Raises UnreadableExpression where it is no expression.

    Letters beside each other are multiplied, as in `fλ`; a product without a sign binds closer than a division, so
    that `nv/2L` is nv/(2L).
    """
    if len(text) > LONGEST_EXPRESSION:
        raise UnreadableExpression(f"longer than {LONGEST_EXPRESSION} characters")
    parser = _Parser(_tokens(text))
    node = parser.sum()
    if not parser.at_end:
        raise UnreadableExpression(text)
    return node


def in_sympy(node: Node) -> sympy.Expr:
    """The value of a tree. Raises UnreadableExpression for a division by zero."""
    parts = [in_sympy(part) for part in node.parts]
    if node.op == "number":
        return sympy.nsimplify(node.text, rational=True)
    if node.op == "symbol":
        return sympy.pi if node.text in ("π", "pi") else sympy.Symbol(node.text)
    if node.op == "call":
        return sympy.log(parts[0], 10) if node.text == "log" else _FUNCTIONS[node.text](parts[0])
    if node.op == "/" and parts[1] == 0:
        raise UnreadableExpression("division by zero")
    return _combined(node.op, parts)


def _combined(op: str, parts: list[sympy.Expr]) -> sympy.Expr:
    if op == "neg":
        return -parts[0]
    left, right = parts
    if op == "+":
        return left + right
    if op == "-":
        return left - right
    if op == "*":
        return left * right
    return left / right if op == "/" else left**right


def _tokens(text: str) -> list[tuple[str, str]]:
    plain = "".join(_PLAIN.get(c, c) for c in text.strip())
    tokens, position = [], 0
    while position < len(plain):
        match = _TOKEN.match(plain, position)
        if match is None or (match.lastgroup == "symbol" and _is_in_word(plain, match)):
            raise UnreadableExpression(text)
        tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
        position = match.end()
    if not tokens:
        raise UnreadableExpression("empty")
    return tokens


def _is_in_word(text: str, match: re.Match[str]) -> bool:
    """Whether a letter stands in a run of four Latin letters or more, which is a word and no product."""
    if len(match["symbol"]) > 1:
        return False
    start = end = match.end() - 1
    while start > 0 and text[start - 1].isascii() and text[start - 1].isalpha():
        start -= 1
    while end < len(text) and text[end].isascii() and text[end].isalpha():
        end += 1
    return end - start > 3 or text[start:end] in _SHORT_WORDS


class _Parser:
    """Recursive descent over sums, quotients, products without a sign, powers and atoms."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    @property
    def at_end(self) -> bool:
        """Whether every token was read."""
        return self._position == len(self._tokens)

    def sum(self) -> Node:
        """A sum of quotients, with an optional sign before it."""
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise UnreadableExpression("nested too deep")
        total = Node("neg", parts=(self._quotient(),)) if self._take("-") else self._quotient()
        while self._text() in ("+", "-"):
            op = self._next()[1]
            total = Node(op, parts=(total, self._quotient()))
        self._depth -= 1
        return total

    def _quotient(self) -> Node:
        value = self._product()
        while self._text() in ("*", "/"):
            op = self._next()[1]
            value = Node(op, parts=(value, self._product()))
        return value

    def _product(self) -> Node:
        value = self._power()
        while self._kind() in ("number", "symbol", "function") or self._text() == "(":
            value = Node("*", parts=(value, self._power()))
        return value

    def _power(self) -> Node:
        base = self._atom()
        if self._kind() == "power":
            return Node("**", parts=(base, _exponent(self._next()[1].translate(SUPERSCRIPTS))))
        if self._take("^") or self._take("**"):
            sign = "-" if self._take("-") else ""
            exponent = _exponent(sign + self._next()[1]) if self._kind() == "number" or sign else self._atom()
            return Node("**", parts=(base, exponent))
        return base

    def _atom(self) -> Node:
        if self._take("("):
            return self._closed(")")
        if self._take("|"):
            return Node("call", "abs", (self._closed("|"),))
        kind, text = self._next()
        if kind == "number":
            return Node("number", text.replace(",", ""))
        if kind == "symbol":
            return Node("symbol", text.replace("_", "").translate(SUBSCRIPTS))
        if kind == "function":
            argument = self._atom() if self._text() == "(" else self._product()
            name = "sqrt" if text == "√" else "log" if text.startswith("log") else text
            return Node("call", name, (argument,))
        raise UnreadableExpression(text)

    def _closed(self, mark: str) -> Node:
        inner = self.sum()
        if not self._take(mark):
            raise UnreadableExpression(f"{mark} is missing")
        return inner

    def _kind(self) -> str:
        return self._tokens[self._position][0] if not self.at_end else ""

    def _text(self) -> str:
        return self._tokens[self._position][1] if not self.at_end else ""

    def _next(self) -> tuple[str, str]:
        if self.at_end:
            raise UnreadableExpression("ends too early")
        self._position += 1
        return self._tokens[self._position - 1]

    def _take(self, mark: str) -> bool:
        if self._kind() == "mark" and self._text() == mark:
            self._position += 1
            return True
        return False


def _exponent(digits: str) -> Node:
    if not re.fullmatch(r"-?\d+", digits) or abs(int(digits)) > LARGEST_EXPONENT:
        raise UnreadableExpression(digits)
    return Node("number", digits)
