"""Expressions written as LaTeX, as plain text with numbers put in, and as words to be read aloud."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from services.llm.extractive.questions.expressions import Node

GREEK = MappingProxyType(
    {
        "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
        "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
        "τ": "tau", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta",
        "Λ": "Lambda", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
    }
)  # fmt: skip
DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SAID_FUNCTIONS = MappingProxyType(
    {
        "sqrt": "the square root of", "abs": "the size of", "log": "the logarithm of",
        "ln": "the natural logarithm of", "sin": "the sine of", "cos": "the cosine of", "tan": "the tangent of",
        "exp": "e to the power",
    }
)  # fmt: skip


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


def _bracketed(
    node: Node, text: str, bare: tuple[str, ...] = ("symbol", "number", "call", "**", "/", "*")
) -> str:
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
    left, right = (
        f"({text})" if part.op in ("+", "-", "neg") else text
        for part, text in zip(node.parts, parts, strict=True)
    )
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
    return f"{_SAID_FUNCTIONS[name]} {argument}"


def symbol_in_words(name: str) -> str:
    """A symbol as it is read aloud: `f1′` as `f one prime`."""
    match = re.fullmatch(r"(?P<base>[^\d'′]+)(?P<index>\d?)(?P<prime>['′]?)", name)
    if match is None:
        return name
    index = f" {DIGIT_WORDS[int(match['index'])]}" if match["index"] else ""
    return GREEK.get(match["base"], match["base"]) + index + (" prime" if match["prime"] else "")
