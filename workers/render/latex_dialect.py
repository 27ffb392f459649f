"""LaTeX that the formula parser does not know, written in LaTeX that it does."""

from __future__ import annotations

import re

_MATRIX_WITH_SCRIPT = re.compile(r"(\\begin\{(\w*matrix)\}.*?\\end\{\2\})(?=\s*[\^_])", re.DOTALL)
_CHEMISTRY = re.compile(r"\\ce\{([^{}]*)\}")
_QUANTITY = re.compile(r"\\(?:SI|qty)\{([^{}]*)\}\{([^{}]*)\}")
_UNIT = re.compile(r"\\(?:unit|si)\{([^{}]*)\}")
_COUNT = re.compile(r"(?<=[A-Za-z)\]])(\d+)")
_CHARGE = re.compile(r"\^(\d*[+-])")
_NUMBERING = re.compile(r"\\(?:nonumber|notag|label\{[^{}]*\}|tag\*?\{[^{}]*\})")
_ARROWS = (("<=>", r" \rightleftharpoons "), ("<->", r" \leftrightarrow "), ("->", r" \rightarrow "))


def in_known_commands(latex: str) -> str:
    """`latex` with scripts of matrices in braces, chemistry and units spelled out, and numbers of equations gone."""
    latex = _NUMBERING.sub("", latex)
    latex = _MATRIX_WITH_SCRIPT.sub(r"{\1}", latex)
    latex = _CHEMISTRY.sub(lambda match: _chemistry(match.group(1)), latex)
    latex = _QUANTITY.sub(r"\1\\,\\mathrm{\2}", latex)
    return _UNIT.sub(r"\\mathrm{\1}", latex)


def _chemistry(formula: str) -> str:
    """A reaction such as `2H2 + O2 -> 2H2O`: counts lowered, charges raised, letters upright."""
    for plain, arrow in _ARROWS:
        formula = formula.replace(plain, arrow)
    scripted = _COUNT.sub(r"_{\1}", _CHARGE.sub(r"^{\1}", formula))
    return rf"\mathrm{{{scripted}}}"
