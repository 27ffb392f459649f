"""Blocks of text from a DOCX file."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from workers.documents.blocks import Block, Kind
from workers.documents.characters import clean
from workers.documents.docx_asides import MC, notes_of, text_boxes
from workers.documents.docx_formulas import M, formula_text
from workers.documents.docx_package import DocxPackage
from workers.documents.docx_styles import Numbering, ParagraphStyle, Styles, W, child, is_on, value
from workers.documents.joining import merged
from workers.documents.lines import Span
from workers.documents.tables import CELL_SEPARATOR

WORDS_A_PAGE = 500
LONGEST_HEADING = 300  # characters; a longer paragraph is none, whatever its style

_TRANSPARENT = {
    f"{W}{name}"
    for name in (
        "hyperlink",
        "ins",
        "moveTo",
        "smartTag",
        "sdt",
        "sdtContent",
        "fldSimple",
        "customXml",
        "dir",
        "bdo",
    )
} | {f"{MC}AlternateContent", f"{MC}Choice"}
_RENDERED_BREAK = b"lastRenderedPageBreak"
_DEEPEST = 100


@dataclass(slots=True)
class DocxText:
    """What a DOCX file says; `page_count` is an estimate."""

    blocks: list[Block]
    title: str
    page_count: int


@dataclass(slots=True)
class _Run:
    """The text of one paragraph as it grows."""

    text: str = ""
    emphasis: list[Span] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    boxes: list[etree._Element] = field(default_factory=list)
    sizes: Counter[int] = field(default_factory=Counter)
    bold: int = 0
    starts: list[tuple[int, int]] = field(default_factory=list)


def read_docx(path: Path, on_block: Callable[[int], None] = lambda count: None) -> DocxText:
    """The blocks of a DOCX file in order; hidden and deleted text is left out.

    Pages are those the writing program noted down when it last laid the document out; without such notes a
    page ends at each explicit break and after 500 words. Raises DocumentFailure as DocxPackage does.
    """
    with DocxPackage(path) as package:
        reader = _Reader(package)
        for element in package.main_children():
            reader.add(element)
            on_block(len(reader.blocks))
        core = next(
            (
                package.tree(target)
                for kind, target in package.relationships("")
                if kind.endswith("/core-properties")
            ),
            None,
        )
        title = None if core is None else core.findtext("{http://purl.org/dc/elements/1.1/}title")
        reader.finish()
        return DocxText(reader.blocks, clean(title or "").strip(), reader.page)


class _Reader:
    """Turns the children of the body into blocks."""

    def __init__(self, package: DocxPackage) -> None:
        self.blocks: list[Block] = []
        self.page = 1
        self._words = 0
        self._has_rendered_breaks = package.main_part_holds(_RENDERED_BREAK)
        self._styles = Styles(package.related("/styles"))
        self._numbering = Numbering(package.related("/numbering"))
        self._notes = {
            **notes_of(package.related("/footnotes"), "footnote"),
            **notes_of(package.related("/endnotes"), "endnote"),
        }
        self._bold_lines: list[tuple[Block, int]] = []

    def add(self, element: etree._Element, depth: int = 0) -> None:
        """Reads one child of the body, or of a part that only wraps others."""
        if depth > _DEEPEST:
            return
        if element.tag == f"{W}p":
            self._add_paragraph(element, depth)
        elif element.tag == f"{W}tbl":
            self._add_table(element, depth)
        elif element.tag in _TRANSPARENT:
            for inner in element:
                self.add(inner, depth + 1)

    def finish(self) -> None:
        """Without any heading style, short paragraphs that are bold throughout are the headings, by size of
        type.
        """
        if any(block.kind is Kind.HEADING for block in self.blocks):
            return
        sizes = sorted({size for _, size in self._bold_lines}, reverse=True)
        for block, size in self._bold_lines:
            block.kind, block.level, block.emphasis = Kind.HEADING, sizes.index(size) + 1, []

    def _add_paragraph(self, element: etree._Element, depth: int) -> None:
        properties = child(element, "pPr")
        style = self._styles.paragraph(value(properties, "pStyle"))
        if style.breaks_page or is_on(properties, "pageBreakBefore"):
            self._break_page()
        run = _Run()
        if not style.hidden:
            self._collect(element, run, 0)
        self._emit(properties, style, run)
        if child(properties, "sectPr") is not None and value(properties, "sectPr/type") != "continuous":
            self._break_page()
        for note in run.notes:
            if text := self._notes.pop(note, ""):
                self.blocks.append(Block(Kind.FOOTNOTE, text, [(self.page, 0)]))
        for box in run.boxes:
            for inner in box:
                self.add(inner, depth + 1)

    def _emit(self, properties: etree._Element | None, style: ParagraphStyle, run: _Run) -> None:
        text = run.text.rstrip()
        if not text.strip() or style.name.casefold().startswith(("toc ", "table of figures")):
            return
        lead = len(text) - len(text.lstrip())
        block = Block(
            Kind.PARAGRAPH, text, run.starts or [(self.page, 0)], [] if style.emphatic else run.emphasis
        )
        _drop_lead(block, lead)
        self._classify(block, properties, style)
        short = len(block.text) < 200 and not block.text.endswith((".", ",", ";"))
        if short and run.bold >= len(block.text) and block.kind is Kind.PARAGRAPH:
            self._bold_lines.append((block, run.sizes.most_common(1)[0][0] if run.sizes else 0))
        block.emphasis = [] if block.kind is Kind.HEADING else merged(block.emphasis, block.text)
        self.blocks.append(block)

    def _classify(self, block: Block, properties: etree._Element | None, style: ParagraphStyle) -> None:
        outline = value(properties, "outlineLvl")
        level = int(outline) + 1 if outline and outline.isdecimal() and int(outline) < 9 else style.level
        if level is not None and len(block.text) <= LONGEST_HEADING:
            block.kind, block.level = Kind.HEADING, level
            return
        if style.name.casefold() == "caption":
            block.kind = Kind.CAPTION
            return
        list_id = value(properties, "numPr/numId") or style.list_id
        depth = value(properties, "numPr/ilvl")
        mark = (
            self._numbering.mark(list_id, int(depth) if depth and depth.isdecimal() else style.list_level)
            if list_id
            else None
        )
        if mark is None and style.name.casefold().startswith("list bullet"):
            mark = "•"
        if mark is not None:
            block.kind = Kind.LIST_ITEM
            _put_before(block, f"{mark} " if mark else "")

    def _add_table(self, table: etree._Element, depth: int) -> None:
        rows = [
            [cell for cell in row.iter(f"{W}tc") if _table_of(cell) is table] for row in table.iter(f"{W}tr")
        ]
        rows = [row for row in rows if row]
        if all(len(row) == 1 for row in rows):
            for row in rows:
                for inner in row[0]:
                    self.add(inner, depth + 1)
            return
        page = self.page
        texts = [[self._cell_text(cell) for cell in row] for row in rows]
        lines = [CELL_SEPARATOR.join(row) for row in texts if any(row)]
        if lines:
            self.blocks.append(Block(Kind.TABLE, "\n".join(lines), [(page, 0)]))

    def _cell_text(self, cell: etree._Element) -> str:
        texts = []
        for paragraph in cell.iter(f"{W}p"):
            run = _Run()
            self._collect(paragraph, run, 0)
            texts.append(run.text.strip())
        return " ".join(filter(None, texts))

    def _collect(self, parent: etree._Element, run: _Run, depth: int) -> None:
        """Gathers the text of the runs below an element."""
        for element in parent if depth < _DEEPEST else ():
            if element.tag == f"{W}r":
                self._collect_run(element, run)
            elif element.tag in (f"{M}oMath", f"{M}oMathPara"):
                self._append(run, formula_text(element))
            elif element.tag in _TRANSPARENT:
                self._collect(element, run, depth + 1)

    def _collect_run(self, element: etree._Element, run: _Run) -> None:
        properties = child(element, "rPr")
        inherited = self._styles.character(value(properties, "rStyle"))
        if _switch(properties, inherited, "vanish"):
            return
        start = len(run.text)
        for piece in element:
            self._collect_piece(piece, run)
        added = len(run.text) - start
        bold, italic = _switch(properties, inherited, "b"), _switch(properties, inherited, "i")
        if added and (bold or italic):
            run.emphasis.append((start, len(run.text.rstrip())))
        run.bold += added if bold else 0
        size = value(properties, "sz")
        run.sizes[int(size) if size and size.isdecimal() else 0] += added

    def _collect_piece(self, piece: etree._Element, run: _Run) -> None:
        name = piece.tag.removeprefix(W) if isinstance(piece.tag, str) else ""
        if name == "t":
            self._append(run, piece.text or "")
        elif name in ("tab", "cr", "ptab"):
            self._append(run, " ")
        elif name == "noBreakHyphen":
            self._append(run, "-")
        elif name == "br":
            if piece.get(f"{W}type") == "page":
                self._break_page()
            self._append(run, " ")
        elif name == "lastRenderedPageBreak":
            self.page += 1
        elif name in ("footnoteReference", "endnoteReference"):
            run.notes.append(f"{name.removesuffix('Reference')} {piece.get(f'{W}id')}")
        elif name in ("drawing", "pict", "object") or piece.tag == f"{MC}AlternateContent":
            run.boxes += text_boxes(piece)

    def _append(self, run: _Run, raw: str) -> None:
        text = clean(raw.replace("\n", " "))
        if run.text.endswith(" "):
            text = text.lstrip(" ")
        if not text:
            return
        if not run.starts or run.starts[-1][0] != self.page:
            run.starts.append((self.page, len(run.text)))
        run.text += text
        self._words += text.count(" ") + (not text.endswith(" "))
        if self._words >= WORDS_A_PAGE and not self._has_rendered_breaks:
            self.page += 1
            self._words = 0

    def _break_page(self) -> None:
        if not self._has_rendered_breaks and (self.blocks or self._words):
            self.page += 1
            self._words = 0


def _switch(properties: etree._Element | None, inherited: etree._Element | None, name: str) -> bool:
    own = is_on(properties, name)
    return bool(is_on(inherited, name) if own is None else own)


def _table_of(cell: etree._Element) -> etree._Element | None:
    return next(cell.iterancestors(f"{W}tbl"), None)


def _drop_lead(block: Block, lead: int) -> None:
    if lead:
        block.text = block.text[lead:]
        block.starts = [(page, max(0, start - lead)) for page, start in block.starts]
        block.emphasis = [(max(0, start - lead), end - lead) for start, end in block.emphasis if end > lead]


def _put_before(block: Block, mark: str) -> None:
    block.text = mark + block.text
    block.starts = [
        (page, start + len(mark) if place else 0) for place, (page, start) in enumerate(block.starts)
    ]
    block.emphasis = [(start + len(mark), end + len(mark)) for start, end in block.emphasis]
