"""Formulas in a document's text, with what their symbols mean."""

import re
from dataclasses import dataclass, field

import sympy

from services.llm.extractive.analysis import Sentence
from services.llm.extractive.questions.expressions import (
    SUBSCRIPTS,
    TO_SUBSCRIPTS,
    Node,
    UnreadableExpression,
    in_sympy,
    parse,
)
from services.llm.extractive.questions.reading import Reading

_EQUATION = re.compile(
    r"(?<![\w=])(?P<left>[A-Za-zΑ-Ωα-ωµ](?:_?\d|[₀-₉])?['′]?) ?= ?(?P<right>[^=,;:?!]{1,90}?)"
    r"(?=\s*(?:\(\d{1,2}\)\s*)?$|\s*[=,;:]|\.(?:\s|$)|\s+(?:and|where|in which|for|with|so|or|is|can|gives|which"
    r"|when|connects?|if)\b)"
)
# A number with a unit, as in `I₀ = 10⁻¹² W/m²`, is a value and no formula.
_IN_UNITS = re.compile(
    r"^[-−]?\d[\d.,]*(?:\s?[×·]\s?10)?[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]*\s?(?:[kcmµμnMGT]?(?:m|s|g|Hz|W|Pa|J|N|V|A|K|L|l|T|C|F|Ω|mol|eV|dB|h|min)"
    r"[²³⁻¹]*[\s/·]*)+$|^[-−]?\d[\d.,]*\s?[°%]"
)
# Sets and codes such as `{HH, HT}`.
_CODE = re.compile(r"[{}\[\]]|([A-Z])\1")
_OPERATORS = ("+", "-", "−", "–", "*", "×", "·", "/", "=", "sin", "cos", "tan", "log", "ln", "√")


@dataclass(frozen=True)
class Formula:
    """`left` equals `right`, as `text` writes it and `tree` has it before any simplification.

    `meanings` says what symbols stand for where the text tells.
    """

    left: str
    tree: Node
    right: sympy.Expr
    text: str
    sentence: Sentence
    meanings: dict[str, str] = field(default_factory=dict)

    def shown(self, symbol: str) -> str:
        """A symbol as the text writes it: `f₁` for `f1`."""
        written = symbol.translate(TO_SUBSCRIPTS)
        return written if written in self.text else symbol

    @property
    def symbols(self) -> list[str]:
        """Names of the symbols of the right side, as the text writes them, in order of name."""
        return sorted(str(s) for s in self.right.free_symbols)


def parsed_expression(text: str) -> sympy.Expr | None:
    """`text` as an expression; None where it is not one."""
    try:
        return in_sympy(parse(text))
    except UnreadableExpression:
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
    is_value = bool(_IN_UNITS.match(text) or _CODE.search(text))
    if is_value or before.endswith((*_OPERATORS, "(", "[", "|")):
        return None
    try:
        tree = parse(text)
        right = in_sympy(tree)
    except UnreadableExpression:
        return None
    left = match["left"].replace("_", "").translate(SUBSCRIPTS)
    if not right.free_symbols or left in {str(s) for s in right.free_symbols} or right.is_Symbol:
        return None
    meanings = symbol_meanings(reading, sentence, [left, *sorted(str(s) for s in right.free_symbols)])
    return Formula(left, tree, right, f"{match['left']} = {text}", sentence, meanings)


def symbol_meanings(reading: Reading, sentence: Sentence, symbols: list[str]) -> dict[str, str]:
    """What the text says that `symbols` stand for, at most length: near `sentence`, else the same all over the text."""
    section = reading.analysis.section_of[sentence.passage]
    meanings = {}
    for symbol in symbols:
        told = reading.notation.get(symbol, ())
        near = [t for t in told if t.section == section and -12 <= t.sentence - sentence.index <= 5]
        if near:
            meanings[symbol] = min(
                near, key=lambda t: (abs(t.sentence - sentence.index) // 3, -len(t.meaning))
            ).meaning
        elif len({t.meaning for t in told}) == 1:
            meanings[symbol] = told[0].meaning
    return meanings
