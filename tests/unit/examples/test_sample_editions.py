"""The PDF and the DOCX of the sample chapter: as checked in, readable, and the same text in both."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path

import docx
import pypdf
import pypdfium2
import pytest
from docx.text.paragraph import Paragraph as Written

from examples.chapter import Formula, Heading, plain, read_chapter
from examples.make_sample import HERE, NAME, editions, write_editions
from examples.pdf_edition import pdf_edition

PDF, DOCX = f"{NAME}.pdf", f"{NAME}.docx"
BLOCKS = read_chapter((HERE / f"{NAME}.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return editions()


@pytest.fixture(scope="module")
def pages() -> list[str]:
    """The text of each page of the PDF, its spaces made one and characters normalised."""
    pdf = pypdfium2.PdfDocument(HERE / PDF)
    return [_flat(page.get_textpage().get_text_range()) for page in pdf]


def test_making_it_twice_gives_identical_bytes(made: dict[str, bytes]) -> None:
    assert editions() == made


def test_the_pdf_checked_in_is_what_the_source_gives(made: dict[str, bytes]) -> None:
    assert (HERE / PDF).read_bytes() == made[PDF]


def test_the_docx_checked_in_is_what_the_source_gives(made: dict[str, bytes]) -> None:
    """By member: the compressed bytes differ between versions of zlib."""
    assert _members((HERE / DOCX).read_bytes()) == _members(made[DOCX])


def test_both_editions_are_written_into_the_folder_named(tmp_path: Path, made: dict[str, bytes]) -> None:
    write_editions(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == made


def test_the_pdf_has_eight_to_twelve_pages(pages: list[str]) -> None:
    assert 8 <= len(pages) <= 12


def test_pages_after_the_first_have_running_heads_and_numbers(pages: list[str]) -> None:
    edges = [page[:60] + " | " + page[-60:] for page in pages]
    for number, edge in enumerate(edges, start=1):
        assert re.search(rf"\b{number}\b", edge), f"page {number}: {edge}"
    assert all("Waves and Sound" in edge for edge in edges[1::2])
    assert "When Waves Meet" in edges[2]


@pytest.mark.parametrize("formula", [block for block in BLOCKS if isinstance(block, Formula)], ids=str)
def test_a_formula_is_read_from_the_pdf_as_it_was_written(formula: Formula, pages: list[str]) -> None:
    line = _flat(f"{plain(formula.text)} ({formula.number})")
    assert any(line in page for page in pages)


@pytest.mark.parametrize(
    "printed", ["10⁻¹² W/m²", "I₀ = 10⁻¹²", "log₁₀(I/I₀)", "4πr²", "L₂ − L₁ = λ/2", "letter λ", "20 °C"]
)
def test_greek_letters_and_raised_and_lowered_digits_survive_extraction(
    printed: str, pages: list[str]
) -> None:
    raw = pypdfium2.PdfDocument(HERE / PDF)
    text = " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in raw)
    assert printed in text


def test_the_pdf_has_the_outline_and_properties_of_the_chapter() -> None:
    reader = pypdf.PdfReader(HERE / PDF)
    headings = [plain(block.text) for block in BLOCKS if isinstance(block, Heading)]
    assert _titles(reader.outline) == headings
    assert reader.metadata is not None
    assert reader.metadata.title == "Waves and Sound"


def test_a_page_break_never_parts_a_formula_from_the_text_before_it() -> None:
    opened_by_the_lead = []
    for lines in range(26, 36):
        filler = "\n\n".join(["Filler."] * lines)
        source = f"# T\n\n{filler}\n\nA sentence that leads to it:\n\n> *v* = *d*/*t* (1)\n"
        pdf = pypdfium2.PdfDocument(pdf_edition(read_chapter(source), "T"))
        texts = [page.get_textpage().get_text_range() for page in pdf]
        assert ["leads" in text for text in texts] == ["(1)" in text for text in texts]
        opened_by_the_lead.append(texts[-1].startswith("A sentence"))
    assert any(opened_by_the_lead)


def test_the_docx_holds_every_block_under_its_real_style() -> None:
    document = docx.Document(str(HERE / DOCX))
    styled = [(_style(p), p.text) for p in document.paragraphs]
    levels = {1: "Title", 2: "Heading 1", 3: "Heading 2"}
    expected = [(levels[b.level], plain(b.text)) for b in BLOCKS if isinstance(b, Heading)]
    assert [pair for pair in styled if pair[0] in levels.values()] == expected
    assert sum(style == "List Number" for style, _ in styled) == 8
    assert sum(style == "List Bullet" for style, _ in styled) == 16
    assert [len(table.rows) for table in document.tables] == [10, 8]
    assert document.core_properties.title == "Waves and Sound"


def test_the_docx_marks_the_same_key_terms_as_the_source() -> None:
    document = docx.Document(str(HERE / DOCX))
    body = [p for p in document.paragraphs if _style(p) == "Normal"]
    bold = [run.text for paragraph in body for run in paragraph.runs if run.bold]
    assert bold == re.findall(r"\*\*(.+?)\*\*", (HERE / f"{NAME}.md").read_text(encoding="utf-8"))


def test_both_editions_hold_the_same_words(pages: list[str]) -> None:
    document = docx.Document(str(HERE / DOCX))
    printed = set(" ".join(pages).split())
    written = {word for paragraph in document.paragraphs for word in _flat(paragraph.text).split()}
    assert written - printed == set()


def _flat(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _style(paragraph: Written) -> str:
    return str(paragraph.style.name) if paragraph.style else ""


def _members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _titles(outline: Sequence[object]) -> list[str]:
    """The titles of a nested outline, in reading order."""
    titles: list[str] = []
    for entry in outline:
        titles.extend(_titles(entry) if isinstance(entry, list) else [str(entry["/Title"])])  # type: ignore[index]
    return titles
