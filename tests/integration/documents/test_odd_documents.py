"""Odd documents each work or end in one clear failure, with nothing left behind."""

from collections.abc import Callable
from pathlib import Path

import pytest
from docx.document import Document
from docx.enum.text import WD_BREAK

from tests.integration.documents import made_files as made
from tests.integration.documents.conftest import text_of
from workers.documents.failures import SENTENCES, DocumentFailure
from workers.documents.sandbox import ReadDocument

Read = Callable[[Path], ReadDocument]
FailureOf = Callable[[Path], DocumentFailure]


def test_an_empty_file_is_an_empty_upload(tmp_path: Path, failure_of: FailureOf) -> None:
    path = tmp_path / "empty.pdf"
    path.touch()
    assert failure_of(path).reason == "EMPTY_UPLOAD"


@pytest.mark.parametrize(
    "content", [b"Just some words.\n", b"\x89PNG\r\n\x1a\n" + bytes(100), b"PK\x03\x04" + bytes(99)]
)
def test_a_renamed_file_is_an_unsupported_type(content: bytes, tmp_path: Path, failure_of: FailureOf) -> None:
    path = tmp_path / "renamed.pdf"
    path.write_bytes(content)
    failure = failure_of(path)
    assert failure.reason == "UNSUPPORTED_DOCUMENT_TYPE"
    assert failure.message == SENTENCES["UNSUPPORTED_DOCUMENT_TYPE"]


def test_a_docx_file_named_pdf_is_read_as_what_it_is(tmp_path: Path, read: Read) -> None:
    found = read(made.word_document(tmp_path / "cell.pdf"))
    assert found.facts.title == "The Living Cell"
    assert list(found.passages[1].section_path) == [
        "The Living Cell",
        "What a cell is",
        "Where energy comes from",
    ]


def test_a_password_is_asked_for_only_where_the_file_needs_one(
    tmp_path: Path, read: Read, failure_of: FailureOf
) -> None:
    assert (
        failure_of(made.encrypted(tmp_path / "closed.pdf", "secret", "owner")).reason == "DOCUMENT_ENCRYPTED"
    )
    assert made.CELL in text_of(read(made.encrypted(tmp_path / "open.pdf", "", "owner")))


def test_an_office_file_under_a_password_is_encrypted(tmp_path: Path, failure_of: FailureOf) -> None:
    path = tmp_path / "closed.docx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "EncryptedPackage".encode("utf-16-le")
    )
    assert failure_of(path).reason == "DOCUMENT_ENCRYPTED"


def test_an_old_word_file_is_an_unsupported_type(tmp_path: Path, failure_of: FailureOf) -> None:
    path = tmp_path / "old.doc"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "WordDocument".encode("utf-16-le"))
    assert failure_of(path).reason == "UNSUPPORTED_DOCUMENT_TYPE"


def test_a_blank_page_has_no_text(tmp_path: Path, failure_of: FailureOf) -> None:
    assert failure_of(made.blank(tmp_path / "blank.pdf")).reason == "DOCUMENT_WITHOUT_TEXT"


def test_a_word_file_without_words_has_no_text(tmp_path: Path, failure_of: FailureOf) -> None:
    assert (
        failure_of(made.word_document(tmp_path / "blank.docx", lambda d: None)).reason
        == "DOCUMENT_WITHOUT_TEXT"
    )


def test_a_pdf_cut_short_is_unreadable(tmp_path: Path, failure_of: FailureOf) -> None:
    path = made.chapter(tmp_path / "cut.pdf")
    path.write_bytes(path.read_bytes()[:900])
    assert failure_of(path).reason == "DOCUMENT_UNREADABLE"


def test_scanned_pages_are_recognised_and_said_so(tmp_path: Path, read: Read) -> None:
    found = read(made.scanned(tmp_path / "scan.pdf", [made.CELL, made.ENERGY], then=made.HEREDITY))
    assert list(found.facts.notices) == ["Pages 1 to 2 were read by OCR."]
    text = text_of(found)
    assert "smallest unit of life" in text
    assert "Mitochondria release the energy" in text
    assert made.HEREDITY in text
    assert found.facts.page_count == 3
    assert found.passages[-1].last_page == 3


def test_six_hundred_pages_are_used_in_full(tmp_path: Path, read: Read) -> None:
    found = read(made.chapter(tmp_path / "book.pdf", pages=600))
    text = text_of(found)
    assert found.facts.page_count == 600
    assert all(f"This is said on page {page}." in text for page in range(1, 601))
    assert [entry.title for entry in found.facts.outline] == [f"Lesson {page}" for page in range(1, 601)]
    assert "The Living Cell — Part" not in text


def test_a_paragraph_goes_on_over_the_page_without_running_heads(tmp_path: Path, read: Read) -> None:
    found = read(made.long_paragraph(tmp_path / "long.pdf"))
    text = " ".join(passage.text for passage in found.passages)
    assert text == " ".join([made.CELL, made.ENERGY, made.HEREDITY] * 8)
    assert found.passages[-1].last_page == 2


@pytest.mark.parametrize("by_row", [False, True], ids=["drawn by column", "drawn by row"])
def test_two_columns_are_read_one_after_the_other(by_row: bool, tmp_path: Path, read: Read) -> None:
    found = read(made.two_columns(tmp_path / "columns.pdf", by_row))
    text = " ".join(passage.text.replace("\n", " ") for passage in found.passages)
    assert text == " ".join([made.CELL] * 5 + [made.ENERGY] * 5)
    assert found.facts.title.startswith("Cells in Two Columns")


def test_a_table_is_rows_of_cells(tmp_path: Path, read: Read) -> None:
    text = text_of(read(made.table(tmp_path / "table.pdf")))
    assert (
        "Particle | Mass | Charge\nProton | 1.007 | +1\nNeutron | 1.009 | 0\nElectron | 0.0005 | -1" in text
    )
    assert made.CELL in text
    assert made.ENERGY in text


def test_text_that_runs_sideways_is_read(tmp_path: Path, read: Read) -> None:
    found = read(made.turned(tmp_path / "turned.pdf"))
    assert text_of(found) == made.CELL
    assert [entry.title for entry in found.facts.outline] == ["Sideways Lesson"]


def test_words_parted_at_a_line_end_are_joined(tmp_path: Path, read: Read) -> None:
    lines = [
        "The under-",
        "standing of a well-known thing needs an atten-",
        "tive and long-",
        "term reader, who is well-",
        "known.",
        "A long-term plan is a well-known plan.",
    ]
    placed = [(60.0, 700.0 - 14 * n, "Times-Roman", 11.0, line) for n, line in enumerate(lines)]
    text = text_of(read(made.with_lines(tmp_path / "hyphens.pdf", placed))).replace("\n", " ")
    expected = (
        "The understanding of a well-known thing needs an attentive and long-term reader, who is well-known."
    )
    assert text.startswith(expected)


def test_a_page_count_of_a_word_file_is_an_estimate(tmp_path: Path, read: Read) -> None:
    def build(document: Document) -> None:
        for _ in range(60):
            document.add_paragraph(f"{made.CELL} {made.ENERGY}")
        document.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)
        document.add_paragraph(made.HEREDITY)

    found = read(made.word_document(tmp_path / "long.docx", build))
    words = sum(len(passage.text.split()) for passage in found.passages)
    assert abs(found.facts.page_count - 1 - words / 500) <= 1
    assert found.passages[-1].last_page == found.facts.page_count
