"""The outline (bookmarks) that a PDF carries."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2_raw as pdfium  # type: ignore[import-untyped]

from workers.documents.characters import clean
from workers.documents.pdf_text import PdfFile

_MOST_ENTRIES = 20_000
_DEEPEST = 12
_LONGEST_TITLE = 1000  # bytes of UTF-16


@dataclass(slots=True)
class Bookmark:
    """An entry of the outline. `level` is 1 for the outermost; `page` counts from 1, 0 for nowhere."""

    title: str
    level: int
    page: int


def bookmarks(file: PdfFile) -> list[Bookmark]:
    """The outline in order. Loops end where they meet an entry seen before; at most 20,000 entries, 12 levels
    deep.
    """
    seen: set[int] = set()
    return list(_below(file, None, 1, seen))


def _below(
    file: PdfFile, parent: "ctypes._Pointer[ctypes.Structure] | None", level: int, seen: set[int]
) -> Iterator[Bookmark]:
    mark = pdfium.FPDFBookmark_GetFirstChild(file.handle, parent)
    while mark:
        address = ctypes.addressof(mark.contents)
        if address in seen or len(seen) >= _MOST_ENTRIES:
            return
        seen.add(address)
        target = pdfium.FPDFBookmark_GetDest(file.handle, mark)
        page = pdfium.FPDFDest_GetDestPageIndex(file.handle, target) + 1 if target else 0
        yield Bookmark(_title(mark), level, page)
        if level < _DEEPEST:
            yield from _below(file, mark, level + 1, seen)
        mark = pdfium.FPDFBookmark_GetNextSibling(file.handle, mark)


def _title(mark: "ctypes._Pointer[ctypes.Structure]") -> str:
    size = min(pdfium.FPDFBookmark_GetTitle(mark, None, 0), _LONGEST_TITLE)
    buffer = ctypes.create_string_buffer(max(2, size))
    pdfium.FPDFBookmark_GetTitle(mark, buffer, len(buffer))
    return clean(buffer.raw[: max(0, size - 2)].decode("utf-16-le", "ignore")).strip()
