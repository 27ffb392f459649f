"""Paragraphs from lines: where one ends and the next begins, in a column and across columns and pages."""

import re
from dataclasses import dataclass, field

from workers.documents.blocks import Kind
from workers.documents.lines import Line
from workers.documents.margins import Setting

_BULLET = re.compile(r"^[•◦▪▫‣⁃●○■□◆◇➢➤►▶✓✔❖·∙\-–—*]\s+\S|^[•◦▪▫‣●○■□◆◇➢➤►▶✓✔❖]")
_ENUMERATOR = re.compile(r"^(\(?\d{1,3}[.)]|\([a-z]{1,4}\)|[a-zA-Z][.)]|[ivx]{1,5}[.)])\s+\S")
_CAPTION = re.compile(
    r"^(figure|fig\.?|table|box|chart|scheme|plate|exhibit|abbildung|abb\.?|tabelle|tab\.|tableau|figura|tabla|rysunek|"
    r"tabela|рис\.|рисунок|таблица)\s*[A-Z]?\d+",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?:;…。！？][\"'”’)\]]*$")


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together."""

    lines: list[Line]
    kind: Kind = Kind.PARAGRAPH
    level: int = 0
    rows: list[str] = field(default_factory=list)

    @property
    def first(self) -> Line:
        return self.lines[0]

    @property
    def last(self) -> Line:
        return self.lines[-1]


def marker_kind(line: Line, before: Line | None) -> Kind | None:
    """LIST_ITEM when the line begins with a bullet or, where a new one can begin, a number or letter."""
    if _BULLET.match(line.text):
        return Kind.LIST_ITEM
    if _ENUMERATOR.match(line.text) and (before is None or not is_full(before, line) or _moved(before, line)):
        return Kind.LIST_ITEM
    return None


def is_caption(line: Line) -> bool:
    """Whether the line begins as captions do: `Figure 2`, `Table 3`."""
    return bool(_CAPTION.match(line.text))


def is_full(before: Line, line: Line) -> bool:
    """Whether the first word of the line would not have fitted on the line before."""
    word = line.text.split(" ", 1)[0]
    wide = (line.x1 - line.x0) * (len(word) + 1) / max(1, len(line.text))
    return before.x1 + wide > before.right - 0.5


def ends_sentence(text: str) -> bool:
    """Whether the text ends as a sentence does."""
    return bool(_SENTENCE_END.search(text))


def is_wholly(line: Line) -> bool:
    """Whether all of the line is set in bold or italics."""
    marked = sum(end - start for start, end in line.emphasis)
    return marked >= len(line.text) - line.text.count(" ")


def same_style(paragraph: Paragraph, line: Line) -> bool:
    """Whether the line looks as if it could belong to the paragraph.

    A line set wholly in bold or italics may be part of a paragraph that is not, when it follows a full line; what is
    bold throughout is a heading, with which nothing else goes on.
    """
    before = paragraph.last
    if abs(before.size - line.size) > 0.08 * max(before.size, line.size):
        return False
    if is_wholly(before) == is_wholly(line):
        return before.bold == line.bold or not is_wholly(line)
    if before.bold and is_wholly(paragraph.first):
        return False
    return is_full(before, line)


def begins_paragraph(paragraph: Paragraph, line: Line, after: Line | None, setting: Setting) -> bool:
    """Whether the line, next in the same column, begins a new paragraph."""
    before = paragraph.last
    if marker_kind(line, before) or is_caption(line) or not same_style(paragraph, line):
        return True
    distance = line.y - before.y
    if distance > 1.28 * setting.leading * max(line.size, before.size) or distance < 0:
        return True
    if _is_display(before, setting) or (before.bold and line.bold and is_wholly(before) and is_wholly(line)):
        return distance > 1.5 * line.size
    if _centred(before, line) or _parts_word(before, line):
        return False
    if _is_indented(paragraph, line, after, setting):
        return True
    return _is_short(before, line, setting) and not _flush(paragraph, line)


def continues_over_break(paragraph: Paragraph, line: Line, setting: Setting) -> bool:
    """Whether the line, first in the next column or on the next page, goes on with the paragraph."""
    before = paragraph.last
    if paragraph.kind not in (Kind.PARAGRAPH, Kind.LIST_ITEM) or marker_kind(line, None) or is_caption(line):
        return False
    if not same_style(paragraph, line) or _is_display(line, setting) or is_wholly(line) != is_wholly(before):
        return False
    if _parts_word(before, line):
        return True
    if not is_full(before, line):
        return False
    if line.text[0].islower() or not ends_sentence(before.text):
        return True
    if line.x0 - line.left > 0.5 * line.size:
        return False
    return setting.indented or (setting.justified and before.x1 > before.right - 1.0)


def _parts_word(before: Line, line: Line) -> bool:
    return before.text.endswith(("-", "‐")) and before.text[-2:-1].isalpha() and line.text[0].islower()


def _is_display(line: Line, setting: Setting) -> bool:
    return line.size > 1.08 * setting.body_size


def _is_short(before: Line, line: Line, setting: Setting) -> bool:
    """Whether the line before ends early enough to be a paragraph's last.

    In ragged text, where words may be kept together unseen, that is so only at a sentence's end or far from the margin.
    """
    if is_full(before, line):
        return False
    if setting.justified or ends_sentence(before.text):
        return True
    return before.right - before.x1 > 0.35 * (before.right - before.left)


def _moved(before: Line, line: Line) -> bool:
    return abs(before.x0 - line.x0) > 0.5 * line.size


def _centred(before: Line, line: Line) -> bool:
    """Whether both lines are set around one middle, away from the margin."""
    middle = abs((before.x0 + before.x1) - (line.x0 + line.x1)) / 2
    return middle < 1.5 and abs(before.x0 - line.x0) > 3 and min(before.x0, line.x0) > line.left + 6


def _is_indented(paragraph: Paragraph, line: Line, after: Line | None, setting: Setting) -> bool:
    """Whether the left edge of the line says that a paragraph begins: indented, or hanging out."""
    before, step = paragraph.last, 0.8 * line.size
    if line.x0 > before.x0 + step:
        if paragraph.kind is Kind.LIST_ITEM and len(paragraph.lines) == 1:
            return False
        returns = after is not None and after.x0 < line.x0 - 0.5 * line.size
        return returns or setting.indented or not is_full(before, line)
    if line.x0 < before.x0 - step:
        if paragraph.kind is Kind.LIST_ITEM and len(paragraph.lines) == 1:
            return not is_full(before, line)
        return len(paragraph.lines) > 1
    return False


def _flush(paragraph: Paragraph, line: Line) -> bool:
    """Whether the lines end at an edge of their own, as in a justified block quotation."""
    before = paragraph.last
    edges = [one.x1 for one in paragraph.lines[-3:-1]] + [line.x1]
    return any(abs(before.x1 - edge) < 0.8 for edge in edges) and before.x1 > before.left + 0.5 * (
        before.right - before.left
    )
