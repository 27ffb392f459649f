"""The chapter as a PDF: pages as a textbook has them, with running heads, outline and page numbers."""

import io
import re
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    ListFlowable,
    ListItem,
    NextPageTemplate,
    PageTemplate,
    Spacer,
)
from reportlab.platypus import Paragraph as Setting
from reportlab.platypus import Table as Grid

from examples import script_font
from examples.chapter import Block, Caption, Formula, Heading, ItemList, Paragraph, Table, Text, plain
from examples.displayed_formula import DisplayedFormula, keep_formulas_with_text

_MARGIN = 27 * mm
_MEASURE = A4[0] - 2 * _MARGIN
_COLUMN = 39 * mm
_INK = HexColor("#1b3a57")
_RULE = HexColor("#9aa8b5")
_UNIT = re.compile(r"(?<=\d) (?=(°C|km|m|mm|s|ms|Hz|MHz|dB|Pa|kg|N|W|K)\b|°C)")
# The text font itself has ¹, ² and ³; a lone raised character is drawn with them, since some readers take
# a short jump off the base line for the end of the line.
_SCRIPTS = re.compile(f"([¹²³]*[⁰⁴-⁹⁻][{script_font.SUPERSCRIPTS}]*)|([{script_font.SUBSCRIPTS}]+)")

_BODY = ParagraphStyle(
    "body",
    fontName="Times-Roman",
    fontSize=11,
    leading=14.2,
    spaceAfter=6.5,
    alignment=TA_JUSTIFY,
    allowWidows=0,
    allowOrphans=0,
)
_ITEM = ParagraphStyle("item", _BODY, spaceAfter=2.5, alignment=TA_LEFT)
_FORMULA = ParagraphStyle("formula", _BODY, alignment=TA_CENTER, spaceAfter=0)
_NUMBER = ParagraphStyle("number", _FORMULA, alignment=TA_RIGHT)
_CAPTION = ParagraphStyle(
    "caption",
    _BODY,
    fontSize=9.5,
    leading=12,
    textColor=_INK,
    alignment=TA_LEFT,
    spaceBefore=5,
    spaceAfter=4,
    keepWithNext=1,
)
_CELL = ParagraphStyle("cell", _BODY, fontSize=10, leading=12, alignment=TA_LEFT, spaceAfter=0)
_FIGURE = ParagraphStyle("figure", _CELL, alignment=TA_RIGHT)
_HEADINGS = {
    1: ParagraphStyle(
        "title", fontName="Helvetica-Bold", fontSize=26, leading=31, textColor=_INK, spaceAfter=14
    ),
    2: ParagraphStyle(
        "section",
        fontName="Helvetica-Bold",
        fontSize=15,
        leading=19,
        textColor=_INK,
        spaceBefore=13,
        spaceAfter=6,
        keepWithNext=1,
    ),
    3: ParagraphStyle(
        "part",
        fontName="Helvetica-Bold",
        fontSize=11.5,
        leading=15,
        textColor=_INK,
        spaceBefore=7,
        spaceAfter=4,
        keepWithNext=1,
    ),
}


class _Outlined(Setting):  # type: ignore[misc]
    """A heading that enters itself in the outline."""

    def __init__(self, heading: Heading) -> None:
        super().__init__(_markup(heading.text), _HEADINGS[heading.level])
        self.heading = heading


class _Book(BaseDocTemplate):  # type: ignore[misc]
    """First page without a running head; then the chapter's title on the left, the section's on the right."""

    def __init__(self, target: io.BytesIO, title: str) -> None:
        super().__init__(
            target,
            pagesize=A4,
            title=title,
            author="The Mootion authors",
            lang="en-GB",
            subject="A sample chapter of physics (CC0 1.0)",
            creator="Mootion",
            invariant=1,
            pageCompression=0,
        )
        self.section = title
        low, high = 22 * mm, 25 * mm
        frame = Frame(_MARGIN, low, _MEASURE, A4[1] - low - high, 0, 0, 0, 0)
        self.addPageTemplates(
            [
                PageTemplate("opening", frame, onPageEnd=_opening_foot),
                PageTemplate("following", frame, onPageEnd=_running_head),
            ]
        )

    def afterFlowable(self, flowable: Flowable) -> None:
        """Note each heading as it is placed."""
        if not isinstance(flowable, _Outlined):
            return
        title, level = plain(flowable.heading.text), flowable.heading.level
        key = f"heading-{self.page}-{title}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(title, key, level - 1)
        self.section = title if level == 2 else self.section


def _opening_foot(canvas: Canvas, book: _Book) -> None:
    canvas.setFont("Helvetica", 9)
    canvas.drawCentredString(A4[0] / 2, 13 * mm, str(book.page))


def _running_head(canvas: Canvas, book: _Book) -> None:
    top, left, right = A4[1] - 18 * mm, _MARGIN, A4[0] - _MARGIN
    canvas.setFont("Helvetica", 9)
    canvas.setFillColor(_INK)
    if book.page % 2:
        canvas.drawString(left, top, book.section)
        canvas.drawRightString(right, top, str(book.page))
    else:
        canvas.drawString(left, top, str(book.page))
        canvas.drawRightString(right, top, book.title)
    canvas.setStrokeColor(_RULE)
    canvas.line(left, top - 5, right, top - 5)


def _scripts(found: re.Match[str]) -> str:
    tag, rise = ("super", 3.6) if found[1] else ("sub", 2)
    return f'<{tag} size="8" rise="{rise}"><font name="{script_font.NAME}">{found[0]}</font></{tag}>'


def _markup(text: Text) -> str:
    """Text in reportlab's paragraph markup."""
    marked = []
    for run in text:
        words = _SCRIPTS.sub(_scripts, _UNIT.sub("\u00a0", escape(run.text)))
        words = f"<i>{words}</i>" if run.italic else words
        marked.append(f"<b>{words}</b>" if run.bold else words)
    return "".join(marked)


def _list(block: ItemList) -> ListFlowable:
    items = [ListItem(Setting(_markup(item), _ITEM)) for item in block.items]
    kind = {"bulletType": "1", "bulletFormat": "%s."} if block.numbered else {"bulletType": "bullet"}
    start = None if block.numbered else "•"
    return ListFlowable(
        items,
        start=start,
        leftIndent=18,
        bulletFontName="Times-Roman",
        bulletFontSize=11,
        spaceAfter=7,
        **kind,
    )


def _formula(block: Formula) -> DisplayedFormula:
    side = 14 * mm
    cells = ["", Setting(_markup(block.text), _FORMULA), Setting(f"({block.number})", _NUMBER)]
    return DisplayedFormula(
        [cells],
        colWidths=[side, _MEASURE - 2 * side, side],
        spaceBefore=1,
        spaceAfter=7.5,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ],
    )


def _table(block: Table) -> Grid:
    rows = [
        [
            Setting(f"<b>{_markup(cell)}</b>" if at == 0 else _markup(cell), _FIGURE if right else _CELL)
            for cell, right in zip(row, block.right, strict=True)
        ]
        for at, row in enumerate(block.rows)
    ]
    figures = [_COLUMN] * (len(block.right) - 1)
    return Grid(
        rows,
        colWidths=[_MEASURE - sum(figures), *figures],
        spaceAfter=12,
        style=[
            ("LINEABOVE", (0, 0), (-1, 0), 1, _INK),
            ("LINEBELOW", (0, 0), (-1, 0), 0.5, _INK),
            ("LINEBELOW", (0, -1), (-1, -1), 1, _INK),
            ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ],
    )


def _flowable(block: Block) -> Flowable:
    match block:
        case Heading():
            return _Outlined(block)
        case Paragraph():
            return Setting(_markup(block.text), _BODY)
        case Caption():
            return Setting(_markup(block.text), _CAPTION)
        case Formula():
            return _formula(block)
        case ItemList():
            return _list(block)
        case Table():
            return _table(block)


def pdf_edition(blocks: list[Block], title: str) -> bytes:
    """The chapter as a PDF file; the same blocks give the same bytes on every machine.

    Streams are left uncompressed, so that the bytes do not depend on the compression library.
    """
    script_font.register()
    target = io.BytesIO()
    story = [
        NextPageTemplate("following"),
        Spacer(0, 10 * mm),
        *keep_formulas_with_text([_flowable(block) for block in blocks]),
    ]
    _Book(target, title).build(story)
    return target.getvalue()
