"""Algebraic expressions: read from text by a parser with a closed list of names, and written in other notations.

No text is ever run as a program.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import sympy

LONGEST_EXPRESSION = 100
LARGEST_EXPONENT = 12
DEEPEST_NESTING = 24

_FUNCTIONS = MappingProxyType(
    {"sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "exp": sympy.exp, "ln": sympy.log, "sqrt": sympy.sqrt, "abs": sympy.Abs}
)
GREEK = MappingProxyType(
    {
        "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
        "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
        "τ": "tau", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta",
        "Λ": "Lambda", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
    }
)  # fmt: skip
DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_PLAIN = MappingProxyType(
    {"×": "*", "·": "*", "⋅": "*", "∙": "*", "−": "-", "–": "-", "÷": "/", "[": "(", "]": ")", "{": "(", "}": ")"}
)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)|(?P<function>log₁₀|log10|log_10|sin|cos|tan|exp|ln|log|sqrt|√)"
    r"|(?P<symbol>(?:lambda|theta|alpha|beta|gamma|omega|sigma|mu|rho|phi|pi|Delta|[A-Za-zΑ-Ωα-ωµ])(?:_?\d|[₀-₉])?['′]?)"
    r"|(?P<power>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)|(?P<mark>\*\*|[-+*/^()|]))"
)
_SHORT_WORDS = frozenset("of is in to the and or for if Hz kg cm mm km ms log".split())


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


def in_latex(node: Node) -> str:
    """A tree as LaTeX without delimiters."""
    parts = [in_latex(part) for part in node.parts]
    if node.op == "number":
        return node.text
    if node.op == "symbol":
        return symbol_in_latex(node.text)
    if node.op == "call":
        return _call_in_latex(node.text, parts[0])
    if node.op == "neg":
        return f"-{_bracketed(node.parts[0], parts[0])}"
    if node.op == "/":
        return rf"\frac{{{parts[0]}}}{{{parts[1]}}}"
    if node.op == "**":
        return f"{_bracketed(node.parts[0], parts[0], ('symbol', 'number'))}^{{{parts[1]}}}"
    if node.op == "*":
        left, right = (_bracketed(part, text) for part, text in zip(node.parts, parts, strict=True))
        return rf"{left} \cdot {right}" if right[:1].isdigit() else f"{left} {right}"
    return f"{parts[0]} {node.op} {_bracketed(node.parts[1], parts[1]) if node.op == '-' else parts[1]}"


def symbol_in_latex(name: str) -> str:
    """A symbol such as `λ` or `f1′` as LaTeX."""
    match = re.fullmatch(r"(?P<base>[^\d'′]+)(?P<index>\d*)(?P<prime>['′]?)", name)
    if match is None:
        return name
    base = match["base"]
    latex = rf"\{GREEK[base]}" if base in GREEK else rf"\{base}" if base in GREEK.values() else base
    return latex + (f"_{{{match['index']}}}" if match["index"] else "") + ("'" if match["prime"] else "")


def _call_in_latex(name: str, argument: str) -> str:
    if name == "sqrt":
        return rf"\sqrt{{{argument}}}"
    if name == "abs":
        return rf"\left|{argument}\right|"
    return (r"\log_{10}" if name == "log" else rf"\{name}") + rf"\left({argument}\right)"


def _bracketed(node: Node, text: str, bare: tuple[str, ...] = ("symbol", "number", "call", "**", "/", "*")) -> str:
    return text if node.op in bare else rf"\left({text}\right)"


def in_plain_text(node: Node, values: Mapping[str, str]) -> str:
    """A tree in plain text with `values` in place of symbols: `fλ` with 2 and 5 as `2 × 5`."""
    parts = [in_plain_text(part, values) for part in node.parts]
    if node.op in ("number", "symbol"):
        return values.get(node.text, node.text)
    if node.op == "call":
        return f"{'√' if node.text == 'sqrt' else node.text}({parts[0]})"
    if node.op == "neg":
        return f"−{parts[0]}"
    if node.op in ("+", "-"):
        return f"{parts[0]} {'+' if node.op == '+' else '−'} {parts[1]}"
    left, right = (f"({text})" if part.op in ("+", "-", "neg") else text for part, text in zip(node.parts, parts, strict=True))
    if node.op == "/" and node.parts[1].op in ("*", "/"):
        right = f"({right})"
    return f"{left}^{right}" if node.op == "**" else f"{left} {'×' if node.op == '*' else '/'} {right}"


def in_words(node: Node) -> str:
    """A tree as it is read aloud: `v` `/` `f` as `v over f`."""
    parts = [_grouped(part) if node.op in ("*", "/", "**") else in_words(part) for part in node.parts]
    if node.op == "number":
        return node.text
    if node.op == "symbol":
        return symbol_in_words(node.text)
    if node.op == "call":
        return _call_in_words(node.text, parts[0])
    if node.op == "neg":
        return f"minus {parts[0]}"
    if node.op == "**":
        named = {"2": "squared", "3": "cubed"}.get(parts[1], f"to the power {parts[1]}")
        return f"{parts[0]} {named}"
    if node.op == "/":
        return _fraction_in_words(node, parts)
    words = {"+": "plus", "-": "minus", "*": "times"}[node.op]
    return f"{parts[0]} {words} {parts[1]}"


def _grouped(node: Node) -> str:
    """A factor as it is read aloud, sums named as wholes."""
    if node.op not in ("+", "-"):
        return in_words(node)
    kind = "sum" if node.op == "+" else "difference"
    return f"the {kind} of {in_words(node.parts[0])} and {in_words(node.parts[1])}"


def _fraction_in_words(node: Node, parts: list[str]) -> str:
    simple = all(part.op in ("symbol", "number", "**") for part in node.parts)
    return f"{parts[0]} over {parts[1]}" if simple else f"{parts[0]}, divided by {parts[1]}"


def _call_in_words(name: str, argument: str) -> str:
    names = {"sqrt": "the square root of", "abs": "the size of", "log": "the logarithm of", "ln": "the natural logarithm of",
             "sin": "the sine of", "cos": "the cosine of", "tan": "the tangent of", "exp": "e to the power"}  # fmt: skip
    return f"{names[name]} {argument}"


def symbol_in_words(name: str) -> str:
    """A symbol as it is read aloud: `f1′` as `f one prime`."""
    match = re.fullmatch(r"(?P<base>[^\d'′]+)(?P<index>\d?)(?P<prime>['′]?)", name)
    if match is None:
        return name
    index = f" {DIGIT_WORDS[int(match['index'])]}" if match["index"] else ""
    return GREEK.get(match["base"], match["base"]) + index + (" prime" if match["prime"] else "")


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
