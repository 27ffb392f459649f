"""DOCX: headings, emphasis, lists, tables, notes, formulas; hidden and deleted text is left out."""

from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.enum.text import WD_BREAK
from lxml import etree  # type: ignore[import-untyped]

from workers.documents.blocks import Block, Kind
from workers.documents.docx_formulas import M, formula_text
from workers.documents.docx_styles import W, numeral
from workers.documents.docx_text import read_docx

Read = Callable[[Callable[[Document], None]], list[Block]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Builds a document and reads it."""

    def build_and_read(build: Callable[[Document], None]) -> list[Block]:
        document = docx.Document()
        build(document)
        document.save(str(tmp_path / "made.docx"))
        return read_docx(tmp_path / "made.docx").blocks

    return build_and_read


def insert(document: Document, xml: str) -> None:
    """A paragraph of this WordprocessingML."""
    element = etree.fromstring(f'<w:p xmlns:w="{W[1:-1]}" xmlns:m="{M[1:-1]}">{xml}</w:p>')
    document.element.body.insert(0, element)


def test_headings_have_the_level_of_their_style(read: Read) -> None:
    def build(document: Document) -> None:
        document.add_heading("Title", 0)
        document.add_heading("Chapter", 1)
        document.add_heading("Part", 4)
        document.add_paragraph("text")

    assert [(block.kind, block.level) for block in read(build)] == [
        (Kind.HEADING, 0),
        (Kind.HEADING, 1),
        (Kind.HEADING, 4),
        (Kind.PARAGRAPH, 0),
    ]


def test_without_heading_styles_short_bold_paragraphs_are_headings(read: Read) -> None:
    def build(document: Document) -> None:
        document.add_paragraph().add_run("On Cells").bold = True
        document.add_paragraph("Cells live.")

    assert [(block.kind, block.level) for block in read(build)] == [(Kind.HEADING, 1), (Kind.PARAGRAPH, 0)]


def test_bold_and_italic_runs_are_emphasis(read: Read) -> None:
    def build(document: Document) -> None:
        paragraph = document.add_paragraph("A ")
        paragraph.add_run("cell wall").bold = True
        paragraph.add_run(" and a ")
        paragraph.add_run("nucleus", style="Emphasis")
        paragraph.add_run(" are parts of a cell, with much text beside.")

    (block,) = read(build)
    assert [block.text[start:end] for start, end in block.emphasis] == ["cell wall", "nucleus"]


def test_list_items_carry_their_marks(read: Read) -> None:
    def build(document: Document) -> None:
        document.add_paragraph("one", style="List Bullet")
        document.add_paragraph("first", style="List Number")
        document.add_paragraph("second", style="List Number")

    assert [(block.kind, block.text) for block in read(build)] == [
        (Kind.LIST_ITEM, "• one"),
        (Kind.LIST_ITEM, "1. first"),
        (Kind.LIST_ITEM, "2. second"),
    ]


def test_a_table_is_rows_of_cells(read: Read) -> None:
    def build(document: Document) -> None:
        table = document.add_table(2, 2)
        for row, texts in zip(table.rows, (("Name", "Mass"), ("Proton", "1")), strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text

    assert [(block.kind, block.text) for block in read(build)] == [(Kind.TABLE, "Name | Mass\nProton | 1")]


def test_a_table_of_one_column_is_a_box_of_paragraphs(read: Read) -> None:
    def build(document: Document) -> None:
        document.add_table(1, 1).rows[0].cells[0].text = "A boxed remark."

    assert [(block.kind, block.text) for block in read(build)] == [(Kind.PARAGRAPH, "A boxed remark.")]


def test_hidden_and_deleted_text_is_left_out_and_inserted_text_is_read(read: Read) -> None:
    def build(document: Document) -> None:
        insert(
            document,
            "<w:r><w:t>seen </w:t></w:r><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
            "<w:ins><w:r><w:t>inserted</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>",
        )

    assert read(build)[0].text == "seen inserted"


def test_breaks_tabs_and_soft_hyphens_are_plain(read: Read) -> None:
    def build(document: Document) -> None:
        insert(
            document,
            "<w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>three</w:t><w:noBreakHyphen/><w:t>four</w:t>"
            "<w:softHyphen/><w:t>teen</w:t></w:r>",
        )

    assert read(build)[0].text == "one two three-fourteen"


def test_a_page_break_ends_a_page(read: Read) -> None:
    def build(document: Document) -> None:
        document.add_paragraph("first").add_run().add_break(WD_BREAK.PAGE)
        document.add_paragraph("second")

    assert [block.starts[0][0] for block in read(build)] == [1, 2]


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        (
            "<m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>x+1</m:t></m:r></m:den></m:f>",
            "(1)/(x+1)",
        ),
        ("<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>", "x^2"),
        (
            "<m:sSub><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sub><m:r><m:t>ij</m:t></m:r></m:sub></m:sSub>",
            "x_(ij)",
        ),
        ("<m:rad><m:deg/><m:e><m:r><m:t>x</m:t></m:r></m:e></m:rad>", "√(x)"),
        ("<m:d><m:e><m:r><m:t>a</m:t></m:r></m:e><m:e><m:r><m:t>b</m:t></m:r></m:e></m:d>", "(a, b)"),
    ],
)
def test_formulas_are_one_line(xml: str, text: str) -> None:
    assert formula_text(etree.fromstring(f'<m:oMath xmlns:m="{M[1:-1]}">{xml}</m:oMath>')) == text


def test_a_formula_stands_in_its_paragraph(read: Read) -> None:
    def build(document: Document) -> None:
        insert(
            document,
            "<w:r><w:t>so </w:t></w:r><m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath><w:r><w:t> holds</w:t></w:r>",
        )

    assert read(build)[0].text == "so x=1 holds"


@pytest.mark.parametrize(
    ("number", "style", "shown"),
    [
        (3, "decimal", "3"),
        (28, "lowerLetter", "bb"),
        (4, "upperRoman", "IV"),
        (1994, "lowerRoman", "mcmxciv"),
    ],
)
def test_numerals_are_written_in_their_style(number: int, style: str, shown: str) -> None:
    assert numeral(number, style) == shown
