"""Reading one document from start to end: what the child process does with the file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.documents import failures
from workers.documents.blocks import Block
from workers.documents.detect import DOCX, PDF, detect_format
from workers.documents.failures import DocumentFailure
from workers.documents.passages import PassageText, split_passages
from workers.documents.pdf_layout import blocks_of
from workers.documents.pdf_outline import bookmarks
from workers.documents.pdf_text import PdfFile
from workers.documents.sections import Heading, outline_of, sections_of
from workers.documents.titles import title_of

MOST_PAGES = 20_000
MOST_CHARACTERS = 40_000_000  # some 20,000 pages


class RecognitionNeeded(Exception):
    """Pages without text, counted from 1, have to be recognised in a process with other limits."""

    def __init__(self, pages: list[int]) -> None:
        self.pages = pages
        super().__init__(f"{len(pages)} pages without text")


@dataclass(slots=True)
class Extract:
    """What was read from a document. `passages` can be walked once."""

    format: str
    title: str
    page_count: int
    outline: list[Heading]
    notices: list[str]
    passages: Iterator[PassageText]


def extract(
    path: Path, filename: str, recognise: list[int] | None, on_progress: Callable[[int], None]
) -> Extract:
    """Reads the file.

    Pages to `recognise` by OCR are given, or None: then RecognitionNeeded is raised where a page has no text
    but pictures. `on_progress` is told per cent, 0 to 95. Raises DocumentFailure.
    """
    if detect_format(path) == DOCX:
        return _from_docx(path, filename, on_progress)
    return _from_pdf(path, filename, recognise, on_progress)


def _from_docx(path: Path, filename: str, on_progress: Callable[[int], None]) -> Extract:
    from workers.documents.docx_text import read_docx

    on_progress(10)
    text = read_docx(path)
    on_progress(80)
    return _extract(DOCX, text.blocks, title_of(text.title, text.blocks, filename), text.page_count, [])


def _from_pdf(
    path: Path, filename: str, recognise: list[int] | None, on_progress: Callable[[int], None]
) -> Extract:
    file = PdfFile(path)
    if file.page_count > MOST_PAGES:
        raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY)
    pages = []
    characters = 0
    for page in file.pages():
        pages.append(page)
        characters += sum(len(fragment.text) for fragment in page.fragments)
        if characters > MOST_CHARACTERS:
            raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY)
        if recognise is None:
            on_progress(5 + 70 * page.number // file.page_count)
    notices: list[str] = []
    if recognise is None:
        scans = [page.number for page in pages if page.needs_recognition]
        if scans:
            raise RecognitionNeeded(scans)
    elif recognise:
        from workers.documents.ocr import recognise_pages

        notices = recognise_pages(file, pages, recognise, on_progress)
    blocks = blocks_of(pages, bookmarks(file))
    on_progress(90)
    title = title_of(file.metadata("Title"), blocks, filename)
    return _extract(PDF, blocks, title, file.page_count, notices)


def _extract(kind: str, blocks: list[Block], title: str, page_count: int, notices: list[str]) -> Extract:
    if not any(sign.isalnum() for block in blocks for sign in block.text):
        raise DocumentFailure(failures.DOCUMENT_WITHOUT_TEXT)
    passages = split_passages(sections_of(blocks))
    return Extract(kind, title, page_count, outline_of(blocks), notices, passages)
