"""What kind of file an upload is, by its content and never by its name."""

import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from workers.documents import failures
from workers.documents.failures import DocumentFailure

PDF, DOCX = "PDF", "DOCX"

_HEAD = 1024  # bytes; readers look for the mark of a PDF in the first kilobyte (ISO 32000-1, annex H.3.4.1)
_MOST_ENTRIES = 10_000
_MOST_CONTENT_TYPES = 4 << 20
_END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD_NAMES = (b"[Content_Types].xml", b"word/", b"_rels/.rels")
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_WORD_TYPES = (
    b"wordprocessingml.document.main+xml",
    b"wordprocessingml.template.main+xml",
    b"ms-word.document.macroEnabled",
)


def detect_format(path: Path) -> str:
    """`PDF` or `DOCX`.

    Raises DocumentFailure with EMPTY_UPLOAD, UNSUPPORTED_DOCUMENT_TYPE, DOCUMENT_ENCRYPTED for a
    password-protected Office file, DOCUMENT_UNREADABLE for a DOCX file cut short, or DOCUMENT_TOO_COSTLY for
    an archive with more than 10,000 entries.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head:
            raise DocumentFailure(failures.EMPTY_UPLOAD)
        if head.startswith(b"PK"):
            _check_entry_count(file)
            if _is_word(path):
                return DOCX
            if not zipfile.is_zipfile(path) and any(name in head for name in _WORD_NAMES):
                raise DocumentFailure(failures.DOCUMENT_UNREADABLE)
        elif b"%PDF-" in head:
            return PDF
        elif head.startswith(_OLE) and _holds(file, _ENCRYPTED_PACKAGE):
            raise DocumentFailure(failures.DOCUMENT_ENCRYPTED)
    raise DocumentFailure(failures.UNSUPPORTED_DOCUMENT_TYPE)


def _check_entry_count(file: BinaryIO) -> None:
    """Refuses a directory of too many entries before it is read into memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < _END_OF_DIRECTORY.size:
        return
    fields = _END_OF_DIRECTORY.unpack_from(tail, place)
    if fields[4] > _MOST_ENTRIES or fields[5] > _MOST_ENTRIES * 512:
        raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY)


def _is_word(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("[Content_Types].xml") as part:
            types = part.read(_MOST_CONTENT_TYPES)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        return False
    return any(mark in types for mark in _WORD_TYPES)


def _holds(file: BinaryIO, mark: bytes) -> bool:
    """Whether the mark stands in the first 2 MB or the last 2 MB, where the directory of an OLE file is."""
    file.seek(0)
    if mark in file.read(2 << 20):
        return True
    size = file.seek(0, 2)
    file.seek(max(0, size - (2 << 20)))
    return mark in file.read()
