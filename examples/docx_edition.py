"""The chapter as a DOCX file with real styles: title, headings, lists, captions and tables."""

import io
import zipfile
from datetime import datetime

from docx import Document
from docx.document import Document as DocumentFile
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as Written

from examples.chapter import Block, Caption, Formula, Heading, ItemList, Paragraph, Table, Text

_EDITION = datetime(2026, 1, 1)
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_MARGIN_MM = 26
_MEASURE_MM = 210 - 2 * _MARGIN_MM


def _write_text(paragraph: Written, text: Text) -> None:
    for run in text:
        written = paragraph.add_run(run.text)
        written.bold = run.bold or None
        written.italic = run.italic or None


def _write_formula(paragraph: Written, formula: Formula) -> None:
    stops = paragraph.paragraph_format.tab_stops
    stops.add_tab_stop(Mm(_MEASURE_MM // 2), WD_TAB_ALIGNMENT.CENTER)
    stops.add_tab_stop(Mm(_MEASURE_MM), WD_TAB_ALIGNMENT.RIGHT)
    paragraph.add_run("\t")
    _write_text(paragraph, formula.text)
    paragraph.add_run(f"\t({formula.number})")


def _write_table(document: DocumentFile, table: Table) -> None:
    grid = document.add_table(len(table.rows), len(table.right), style="Light Shading")
    for row, cells in zip(grid.rows, table.rows, strict=True):
        for cell, text, right in zip(row.cells, cells, table.right, strict=True):
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(2)
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if right else WD_ALIGN_PARAGRAPH.LEFT
            _write_text(paragraph, text)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _write_block(document: DocumentFile, block: Block) -> None:
    match block:
        case Heading():
            _write_text(document.add_heading(level=block.level - 1), block.text)
        case Paragraph():
            _write_text(document.add_paragraph(), block.text)
        case Caption():
            caption = document.add_paragraph(style="Caption")
            caption.paragraph_format.keep_with_next = True
            _write_text(caption, block.text)
        case Formula():
            _write_formula(document.add_paragraph(), block)
        case ItemList():
            for item in block.items:
                style = "List Number" if block.numbered else "List Bullet"
                _write_text(document.add_paragraph(style=style), item)
        case Table():
            _write_table(document, block)


def _write_page_number(paragraph: Written) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _lay_out(document: DocumentFile, title: str) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(_MARGIN_MM)
    section.top_margin = section.bottom_margin = Mm(25)
    section.different_first_page_header_footer = True
    section.header.paragraphs[0].text = title
    for footer in (section.footer, section.first_page_footer):
        _write_page_number(footer.paragraphs[0])
    body = document.styles["Normal"]
    body.font.size = Pt(11)
    body.paragraph_format.space_after = Pt(7)
    body.paragraph_format.line_spacing = 1.08


def _describe(document: DocumentFile, title: str) -> None:
    about = document.core_properties
    about.title, about.author, about.last_modified_by = title, "The Mootion authors", "The Mootion authors"
    about.subject, about.comments = "A sample chapter of physics (CC0 1.0)", ""
    about.language, about.keywords = "en-GB", "waves, sound, physics"
    about.created = about.modified = _EDITION


def _with_fixed_times(archive: bytes) -> bytes:
    """The same archive, every member dated alike."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, _ZIP_EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, old.read(name))
    return target.getvalue()


def docx_edition(blocks: list[Block], title: str) -> bytes:
    """The chapter as a DOCX file; the same blocks give the same members on every machine."""
    document = Document()
    _lay_out(document, title)
    _describe(document, title)
    for block in blocks:
        _write_block(document, block)
    written = io.BytesIO()
    document.save(written)
    return _with_fixed_times(written.getvalue())
