"""What a file is, is decided by its bytes."""

import zipfile
from pathlib import Path

import pytest

from workers.documents.detect import detect_format
from workers.documents.failures import DocumentFailure

WORD = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
TYPES = b'<Types><Override ContentType="' + WORD + b'"/></Types>'


def reason_of(path: Path) -> str:
    with pytest.raises(DocumentFailure) as caught:
        detect_format(path)
    return caught.value.reason


def archive(path: Path, **parts: bytes) -> Path:
    names = {"types": "[Content_Types].xml"}
    with zipfile.ZipFile(path, "w") as made:
        for name, data in parts.items():
            made.writestr(names.get(name, name), data)
    return path


def test_a_pdf_is_told_by_its_mark_within_the_first_kilobyte(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"\n" * 900 + b"%PDF-1.4")
    assert detect_format(path) == "PDF"
    path.write_bytes(b"\n" * 1100 + b"%PDF-1.4")
    assert reason_of(path) == "UNSUPPORTED_DOCUMENT_TYPE"


def test_a_word_file_is_told_by_its_content_types(tmp_path: Path) -> None:
    assert detect_format(archive(tmp_path / "a.zip", types=TYPES)) == "DOCX"


@pytest.mark.parametrize(
    "parts", [{}, {"types": b"<Types>spreadsheetml.sheet.main+xml"}, {"word": b"document"}]
)
def test_another_archive_is_not_supported(parts: dict[str, bytes], tmp_path: Path) -> None:
    assert reason_of(archive(tmp_path / "a.docx", **parts)) == "UNSUPPORTED_DOCUMENT_TYPE"


def test_a_word_file_cut_short_is_unreadable(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.docx", types=TYPES)
    path.write_bytes(path.read_bytes()[:-40])
    assert reason_of(path) == "DOCUMENT_UNREADABLE"


def test_nothing_is_an_empty_upload(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.touch()
    assert reason_of(path) == "EMPTY_UPLOAD"
