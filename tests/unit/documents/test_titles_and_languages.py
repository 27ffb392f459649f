"""Title, language, and the sentences said about how a document was read."""

import pytest
from mootion.errors.v1 import reason_pb2

from tests.unit.documents.made_lines import heading, paragraph
from workers.documents import notices
from workers.documents.failures import SENTENCES
from workers.documents.language import LANGUAGES, language_of
from workers.documents.titles import title_of

BLOCKS = [paragraph("intro"), heading("Part", 2), heading("The Living Cell", 1)]


def test_a_title_in_the_files_facts_counts() -> None:
    assert title_of("Biology for All", BLOCKS, "upload.pdf") == "Biology for All"


@pytest.mark.parametrize(
    "written", ["", "Microsoft Word - cell.docx", "untitled", "cell.tex", "Document1", "/home/out/a b"]
)
def test_a_title_that_looks_like_a_file_does_not(written: str) -> None:
    assert title_of(written, BLOCKS, "upload.pdf") == "The Living Cell"


@pytest.mark.parametrize(
    ("filename", "title"),
    [("the_cell  wall.pdf", "the cell wall"), ("C:\\docs\\Walls.docx", "Walls"), ("", "Untitled document")],
)
def test_else_the_files_name_is_the_title(filename: str, title: str) -> None:
    assert title_of("", [paragraph("x")], filename) == title


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The cell is the smallest unit of life, and every cell has a wall.", "en"),
        ("Die Zelle ist die kleinste Einheit des Lebens, und jede Zelle hat eine Wand.", "de"),
        ("La célula es la unidad más pequeña de la vida y cada una tiene una membrana.", "es"),
        ("La cellule est la plus petite unité de la vie, et chacune a une membrane.", "fr"),
        ("Клетка — это наименьшая единица жизни, и у каждой клетки есть оболочка.", "ru"),
        ("細胞は生命の最小単位であり、すべての細胞には膜があります。", "ja"),
        ("12 + 30 = 42", ""),
    ],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    assert language_of(text) == language
    assert language in ("", *LANGUAGES)


@pytest.mark.parametrize(
    ("pages", "sentence"),
    [
        ([3], "Page 3 was read by OCR."),
        ([1, 2, 3], "Pages 1 to 3 were read by OCR."),
        ([9, 1, 2, 5], "Pages 1 to 2, 5 and 9 were read by OCR."),
    ],
)
def test_recognised_pages_are_named(pages: list[int], sentence: str) -> None:
    assert notices.read_by_ocr(pages) == sentence


def test_pages_left_out_are_named() -> None:
    assert notices.not_read([4]).startswith("Page 4 was not read: ")


def test_every_failure_is_a_reason_of_the_contract_with_one_sentence() -> None:
    known = reason_pb2.Reason.DESCRIPTOR.values_by_name
    assert all(f"REASON_{reason}" in known for reason in SENTENCES)
    assert all(sentence.endswith(".") and sentence.count(".") == 1 for sentence in SENTENCES.values())
