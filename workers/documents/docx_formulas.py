"""Formulas of DOCX files (Office Math) as one line of text: `(a)/(b)`, `x^2`, `√(x)`."""

from lxml import etree  # type: ignore[import-untyped]

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"

_DEEPEST = 60


def formula_text(element: etree._Element, depth: int = 0) -> str:
    """The formula in reading order; parts nested more than 60 deep are left out."""
    if depth > _DEEPEST or not isinstance(element.tag, str):
        return ""
    name = element.tag.removeprefix(M)
    if name == "t":
        return element.text or ""
    part = {part.tag.removeprefix(M): part for part in element if isinstance(part.tag, str)}

    def text(key: str) -> str:
        return formula_text(part[key], depth + 1) if key in part else ""

    if name == "f":
        return f"({text('num')})/({text('den')})"
    if name in ("sSup", "sSub", "sSubSup", "nary"):
        sign = _property(part.get("naryPr"), "chr", "∫") if name == "nary" else ""
        sub, sup = _script("_", text("sub")), _script("^", text("sup"))
        return f"{sign}{sub}{sup} {text('e')}".strip() if name == "nary" else f"{text('e')}{sub}{sup}"
    if name == "rad":
        degree = text("deg")
        return f"{degree and f'[{degree}]'}√({text('e')})"
    if name == "d":
        begin, end = _property(part.get("dPr"), "begChr", "("), _property(part.get("dPr"), "endChr", ")")
        inner = ", ".join(formula_text(one, depth + 1) for one in element.iterfind(f"{M}e"))
        return f"{begin}{inner}{end}"
    if name.endswith("Pr"):
        return ""
    separator = "; " if name in ("m", "eqArr") else ", " if name == "mr" else ""
    return separator.join(filter(None, (formula_text(one, depth + 1) for one in element)))


def _script(sign: str, text: str) -> str:
    if not text:
        return ""
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"


def _property(properties: etree._Element | None, name: str, default: str) -> str:
    found = None if properties is None else properties.find(f"{M}{name}")
    return default if found is None else found.get(f"{M}val", default)
