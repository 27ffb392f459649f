"""Formulas in a document's text, read by a parser with a closed list of names; no text is ever run as a program."""

import re
from dataclasses import dataclass, field
from types import MappingProxyType

import sympy

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.reading import Reading

LONGEST_FORMULA = 100
LARGEST_EXPONENT = 12

_FUNCTIONS = MappingProxyType(
    {"sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "exp": sympy.exp, "ln": sympy.log, "sqrt": sympy.sqrt}
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_TO_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_PLAIN = MappingProxyType({"×": "*", "·": "*", "⋅": "*", "∙": "*", "−": "-", "–": "-", "÷": "/", "[": "(", "]": ")", "{": "(", "}": ")"})
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)|(?P<function>log₁₀|log10|log_10|sin|cos|tan|exp|ln|log|sqrt|√)"
    r"|(?P<symbol>(?:lambda|theta|alpha|beta|gamma|omega|sigma|mu|rho|phi|pi|Delta|[A-Za-zΑ-Ωα-ωµ])(?:_?\d|[₀-₉])?['′]?)"
    r"|(?P<power>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)|(?P<mark>\*\*|[-+*/^()|]))"
)
_EQUATION = re.compile(
    r"(?<![\w=])(?P<left>[A-Za-zΑ-Ωα-ωµ](?:_?\d|[₀-₉])?['′]?) ?= ?(?P<right>[^=,;:?!]{1,90}?)"
    r"(?=\s*(?:\(\d{1,2}\)\s*)?$|\s*[=,;:]|\.(?:\s|$)|\s+(?:and|where|in which|for|with|so|or|is|can|gives|which|when|connects?|if)\b)"
)
# A number with a unit, as in `I₀ = 10⁻¹² W/m²`, is a value and no formula.
_IN_UNITS = re.compile(
    r"^[-−]?\d[\d.,]*(?:\s?[×·]\s?10)?[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]*\s?(?:[kcmµμnMGT]?(?:m|s|g|Hz|W|Pa|J|N|V|A|K|L|l|T|C|F|Ω|mol|eV|dB|h|min)"
    r"[²³⁻¹]*[\s/·]*)+$|^[-−]?\d[\d.,]*\s?[°%]"
)
_OPERATORS = ("+", "-", "−", "–", "*", "×", "·", "/", "=", "sin", "cos", "tan", "log", "ln", "√")
_ATOM_LIMIT = 24


class _Unreadable(ValueError):
    """The text is no formula in the grammar read here."""


@dataclass(frozen=True)
class Formula:
    """`left` equals `right`, as `text` writes it. `meanings` says what symbols stand for where the text tells."""

    left: str
    right: sympy.Expr
    text: str
    sentence: Sentence
    meanings: dict[str, str] = field(default_factory=dict)

    def shown(self, symbol: str) -> str:
        """A symbol as the text writes it: `f₁` for `f1`."""
        written = symbol.translate(_TO_SUBSCRIPTS)
        return written if written in self.text else symbol

    @property
    def symbols(self) -> list[str]:
        """Names of the symbols of the right side, as the text writes them, in order of name."""
        return sorted(str(s) for s in self.right.free_symbols)


def parsed_expression(text: str) -> sympy.Expr | None:
    """`text` as an expression; None where it is not one.

    Letters beside each other are multiplied, as in `fλ`; a product without a sign binds closer than a division, so
    that `nv/2L` is nv/(2L).
    """
    if len(text) > LONGEST_FORMULA:
        return None
    try:
        parser = _Parser(_tokens(text))
        expression = parser.sum()
        return expression if parser.at_end else None
    except (_Unreadable, ZeroDivisionError, OverflowError):
        return None


def formulas(reading: Reading) -> list[Formula]:
    """All formulas of the form `symbol = expression in symbols`, each once, in document order."""
    found: dict[tuple[str, str], Formula] = {}
    for sentence in reading.analysis.sentences:
        for match in _EQUATION.finditer(sentence.text):
            formula = _formula(reading, sentence, match)
            if formula is not None:
                found.setdefault((formula.left, str(formula.right)), formula)
    return list(found.values())


def _formula(reading: Reading, sentence: Sentence, match: re.Match[str]) -> Formula | None:
    text = re.sub(r"\s*\(\d{1,2}\)\s*$", "", match["right"].strip().rstrip("."))
    before = sentence.text[: match.start()].rstrip()
    if _IN_UNITS.match(text) or before.endswith(_OPERATORS) or len(before) > 1 and before[-1] in "([|":
        return None
    right = parsed_expression(text)
    left = match["left"].replace("_", "").translate(_SUBSCRIPTS)
    if right is None or not right.free_symbols or left in {str(s) for s in right.free_symbols} or right.is_Symbol:
        return None
    meanings = symbol_meanings(reading, sentence, [left, *sorted(str(s) for s in right.free_symbols)])
    return Formula(left, right, f"{match['left']} = {text}", sentence, meanings)


def symbol_meanings(reading: Reading, sentence: Sentence, symbols: list[str]) -> dict[str, str]:
    """What the sentences around `sentence` say that `symbols` stand for; the nearest wins."""
    around = reading.analysis.sentences[max(0, sentence.index - 8) : sentence.index + 5]
    near = sorted(
        (s for s in around if reading.analysis.section_of[s.passage] == reading.analysis.section_of[sentence.passage]),
        key=lambda s: (abs(s.index - sentence.index), s.index),
    )
    meanings: dict[str, str] = {}
    for symbol in symbols:
        for other in near:
            meaning = _meaning_in(other.text, symbol)
            if meaning:
                meanings.setdefault(symbol, meaning)
                break
    return meanings


def _meaning_in(text: str, symbol: str) -> str:
    name = "".join(rf"[{c}{c.translate(_TO_SUBSCRIPTS)}]" if c.isdigit() else re.escape(c) for c in symbol)
    match = re.search(
        rf"(?<![\w]){name} (?:is|are|denotes|stands for|represents|means) (?:equal to )?(?P<meaning>(?:the|a|an|its)\b[^,;:().]{{3,60}}?)"
        rf"(?= (?:and|in|that|which|is|of the source, )\b|[,;:().]|$)",
        text,
    ) or re.search(rf"\b(?P<meaning>(?:the|a|an) [a-z]+(?: [a-z]+){{0,2}}),? {name}(?![\w])", text, re.IGNORECASE)
    return re.sub(r"^(?:its|The)\b", "the", match["meaning"]).strip() if match else ""


def _tokens(text: str) -> list[tuple[str, str]]:
    plain = "".join(_PLAIN.get(c, c) for c in text.strip())
    tokens, position = [], 0
    while position < len(plain):
        match = _TOKEN.match(plain, position)
        if match is None:
            raise _Unreadable(text)
        tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
        position = match.end()
        following = plain[position : position + 1]
        if match.lastgroup == "symbol" and len(match["symbol"]) == 1 and _is_word_around(plain, match):
            raise _Unreadable(text)
        if following.isspace() and not plain[position:].strip():
            break
    if not tokens or len(tokens) > 4 * _ATOM_LIMIT:
        raise _Unreadable(text)
    return tokens


def _is_word_around(text: str, match: re.Match[str]) -> bool:
    """Whether a letter stands in a run of four Latin letters or more, which is a word and no product."""
    start = end = match.end() - 1
    while start > 0 and text[start - 1].isascii() and text[start - 1].isalpha():
        start -= 1
    while end < len(text) and text[end].isascii() and text[end].isalpha():
        end += 1
    run = text[start:end]
    return len(run) > 3 or run in ("of", "is", "in", "to", "the", "and", "or", "for", "if", "Hz", "kg", "cm", "mm", "km", "ms", "log")


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

    def sum(self) -> sympy.Expr:
        """A sum of quotients, with an optional sign before it."""
        self._depth += 1
        if self._depth > _ATOM_LIMIT:
            raise _Unreadable("nested too deep")
        sign = -1 if self._take("-") else 1
        total = sign * self._quotient()
        while True:
            if self._take("+"):
                total = total + self._quotient()
            elif self._take("-"):
                total = total - self._quotient()
            else:
                self._depth -= 1
                return total

    def _quotient(self) -> sympy.Expr:
        value = self._product()
        while True:
            if self._take("*"):
                value = value * self._product()
            elif self._take("/"):
                divisor = self._product()
                if divisor == 0:
                    raise _Unreadable("division by zero")
                value = value / divisor
            else:
                return value

    def _product(self) -> sympy.Expr:
        value = self._power()
        while self._kind() in ("number", "symbol", "function") or self._text() == "(":
            value = value * self._power()
        return value

    def _power(self) -> sympy.Expr:
        base = self._atom()
        if self._kind() == "power":
            return base ** self._exponent(self._next()[1].translate(_SUPERSCRIPTS))
        if self._take("^") or self._take("**"):
            if self._take("-"):
                return base ** self._exponent("-" + self._next()[1])
            return base ** (self._exponent(self._next()[1]) if self._kind() == "number" else self._atom())
        return base

    def _exponent(self, digits: str) -> sympy.Expr:
        if not re.fullmatch(r"-?\d+", digits) or abs(int(digits)) > LARGEST_EXPONENT:
            raise _Unreadable(digits)
        return sympy.Integer(int(digits))

    def _atom(self) -> sympy.Expr:
        if self._take("("):
            inner = self.sum()
            self._expect(")")
            return inner
        if self._take("|"):
            inner = self.sum()
            self._expect("|")
            return sympy.Abs(inner)
        kind, text = self._next()
        if kind == "number":
            return sympy.nsimplify(text.replace(",", ""), rational=True)
        if kind == "symbol":
            return sympy.pi if text in ("π", "pi") else sympy.Symbol(text.replace("_", "").translate(_SUBSCRIPTS))
        if kind == "function":
            return self._call(text)
        raise _Unreadable(text)

    def _call(self, name: str) -> sympy.Expr:
        argument = self._atom() if self._text() == "(" else self._product()
        if name in ("log₁₀", "log10", "log_10", "log"):
            return sympy.log(argument, 10)
        return sympy.sqrt(argument) if name == "√" else _FUNCTIONS[name](argument)

    def _kind(self) -> str:
        return self._tokens[self._position][0] if not self.at_end else ""

    def _text(self) -> str:
        return self._tokens[self._position][1] if not self.at_end else ""

    def _next(self) -> tuple[str, str]:
        if self.at_end:
            raise _Unreadable("ends too early")
        self._position += 1
        return self._tokens[self._position - 1]

    def _take(self, mark: str) -> bool:
        if self._kind() == "mark" and self._text() == mark:
            self._position += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise _Unreadable(f"{mark} is missing")
