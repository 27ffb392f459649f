"""What the paragraph and character styles and the list numbering of a DOCX file mean."""

import re
from dataclasses import dataclass

from lxml import etree  # type: ignore[import-untyped]

from workers.documents.characters import clean

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_HEADING = re.compile(r"^heading ([1-9])$", re.IGNORECASE)
_MOST_ANCESTORS = 20
_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ["m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"],
        strict=True,
    )
)


def value(parent: etree._Element | None, path: str) -> str | None:
    """The `w:val` of the element at a path of local names such as `pPr/pStyle`; None when it is not there."""
    element = child(parent, path)
    return None if element is None else element.get(f"{W}val", "")


def child(parent: etree._Element | None, path: str) -> etree._Element | None:
    """The element at a path of local names of WordprocessingML."""
    return None if parent is None else parent.find("/".join(f"{W}{name}" for name in path.split("/")))


def is_on(properties: etree._Element | None, name: str) -> bool | None:
    """Whether a switch such as `w:b` is on; None when nothing is said."""
    element = child(properties, name)
    if element is None:
        return None
    return element.get(f"{W}val", "true") not in ("0", "false", "off", "none")


@dataclass(slots=True)
class ParagraphStyle:
    """What a paragraph style says. `level` is 0 for the title, 1 to 9 for headings, None for other
    paragraphs.
    """

    name: str = ""
    level: int | None = None
    list_id: str | None = None
    list_level: int = 0
    breaks_page: bool = False
    emphatic: bool = False
    hidden: bool = False


class Styles:
    """The styles of a document, by id. Chains of styles are followed 20 deep at most."""

    def __init__(self, root: etree._Element | None) -> None:
        elements = [] if root is None else root.iterfind(f"{W}style")
        self._elements = {element.get(f"{W}styleId", ""): element for element in elements}
        self._known: dict[str, ParagraphStyle] = {}

    def paragraph(self, style_id: str | None) -> ParagraphStyle:
        """The meaning of a paragraph style; an unknown id means nothing special."""
        key = style_id or ""
        if key not in self._known:
            self._known[key] = self._read(key)
        return self._known[key]

    def character(self, style_id: str | None) -> etree._Element | None:
        """The run properties of a character style."""
        return child(self._elements.get(style_id or ""), "rPr")

    def _read(self, style_id: str) -> ParagraphStyle:
        style = ParagraphStyle()
        for element in reversed(self._ancestry(style_id)):
            style.name = value(element, "name") or style.name
            outline = value(element, "pPr/outlineLvl")
            if match := _HEADING.match(style.name):
                style.level = int(match.group(1))
            elif style.name.casefold() == "title":
                style.level = 0
            elif outline is not None and outline.isdecimal() and int(outline) < 9:
                style.level = int(outline) + 1
            style.list_id = value(element, "pPr/numPr/numId") or style.list_id
            level = value(element, "pPr/numPr/ilvl")
            style.list_level = int(level) if level and level.isdecimal() else style.list_level
            properties = child(element, "rPr")
            style.emphatic = bool(is_on(properties, "b") or is_on(properties, "i")) or style.emphatic
            style.hidden = bool(is_on(properties, "vanish")) or style.hidden
            style.breaks_page = bool(is_on(child(element, "pPr"), "pageBreakBefore")) or style.breaks_page
        return style

    def _ancestry(self, style_id: str) -> list[etree._Element]:
        found: list[etree._Element] = []
        current: str | None = style_id
        while current in self._elements and len(found) < _MOST_ANCESTORS:
            found.append(self._elements[current])
            current = value(found[-1], "basedOn")
        return found


class Numbering:
    """Counts the items of numbered lists and says the mark each is set with."""

    def __init__(self, root: etree._Element | None) -> None:
        self._levels: dict[str, dict[int, etree._Element]] = {}
        self._abstract: dict[str, str] = {}
        self._counts: dict[str, list[int]] = {}
        for abstract in [] if root is None else root.iterfind(f"{W}abstractNum"):
            levels = {int(level.get(f"{W}ilvl", "0")): level for level in abstract.iterfind(f"{W}lvl")}
            self._levels[abstract.get(f"{W}abstractNumId", "")] = levels
        for number in [] if root is None else root.iterfind(f"{W}num"):
            self._abstract[number.get(f"{W}numId", "")] = value(number, "abstractNumId") or ""

    def mark(self, list_id: str, level: int) -> str | None:
        """The mark of the next item such as `2.` or `•`; None when the id names no list."""
        levels = self._levels.get(self._abstract.get(list_id, ""), {})
        definition = levels.get(level)
        if definition is None or not 0 <= level < 9:
            return None
        style = value(definition, "numFmt") or "decimal"
        if style in ("bullet", "none"):
            return "•" if style == "bullet" else ""
        counts = self._counts.setdefault(list_id, [0] * 9)
        counts[level] = (counts[level] or int(value(definition, "start") or 1) - 1) + 1
        counts[level + 1 :] = [0] * (8 - level)
        return self._shown(levels, value(definition, "lvlText") or f"%{level + 1}.", counts)

    @staticmethod
    def _shown(levels: dict[int, etree._Element], pattern: str, counts: list[int]) -> str:
        for place, count in enumerate(counts):
            if f"%{place + 1}" in pattern:
                style = value(levels.get(place), "numFmt") or "decimal"
                pattern = pattern.replace(f"%{place + 1}", numeral(max(1, count), style))
        return clean(pattern)


def numeral(number: int, style: str) -> str:
    """The number as `lowerLetter`, `upperLetter`, `lowerRoman`, `upperRoman`, or else in digits."""
    shown = str(number)
    if style.endswith("Letter"):
        shown = chr(ord("a") + (number - 1) % 26) * min(9, 1 + (number - 1) // 26)
    elif style.endswith("Roman") and number < 4000:
        shown = ""
        for unit, sign in _ROMAN:
            shown += sign * (number // unit)
            number %= unit
    return shown.upper() if style.startswith("upper") else shown
