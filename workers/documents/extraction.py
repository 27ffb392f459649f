"""Reading one document from start to end: what the child process does with the file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.documents import failures, notices
from workers.documents.blocks import Block
from workers.documents.detect import DOCX, PDF, detect_format
from workers.documents.failures import DocumentFailure
from workers.documents.lines import Page
from workers.documents.passages import PassageText, split_passages
from workers.documents.pdf_layout import blocks_of
from workers.documents.pdf_outline import bookmarks
from workers.documents.pdf_text import PdfFile
from workers.documents.recognition import Recognition, RecognitionNeeded
from workers.documents.sections import Heading, outline_of, sections_of
from workers.documents.titles import title_of

MOST_PAGES = 20_000
MOST_CHARACTERS = 40_000_000  # some 20,000 pages


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
    path: Path, filename: str, recognition: Recognition | None, on_progress: Callable[[int], None]
) -> Extract:
    """Reads the file.

    Without a `recognition` RecognitionNeeded is raised where a page has no text but pictures. `on_progress`
    is told per cent, 0 to 90. Raises DocumentFailure.
    """
    if detect_format(path) == DOCX:
        return _from_docx(path, filename, on_progress)
    return _from_pdf(path, filename, recognition, on_progress)


def _from_docx(path: Path, filename: str, on_progress: Callable[[int], None]) -> Extract:
    from workers.documents.docx_text import read_docx

    on_progress(10)
    text = read_docx(path)
    on_progress(90)
    return _extract(DOCX, text.blocks, title_of(text.title, text.blocks, filename), text.page_count, [])


def _from_pdf(
    path: Path, filename: str, recognition: Recognition | None, on_progress: Callable[[int], None]
) -> Extract:
    file = PdfFile(path)
    pages = _pages(file, on_progress if recognition is None else lambda percent: None)
    said: list[str] = []
    if recognition is None:
        scans = [page.number for page in pages if page.needs_recognition]
        if scans:
            raise RecognitionNeeded(scans, any(page.fragments for page in pages))
    else:
        said = _recognise(file, pages, recognition, on_progress)
    blocks = blocks_of(pages, bookmarks(file))
    on_progress(90)
    title = title_of(file.metadata("Title"), blocks, filename)
    return _extract(PDF, blocks, title, file.page_count, said)


def _pages(file: PdfFile, on_progress: Callable[[int], None]) -> list[Page]:
    """All pages; too many pages or characters are DOCUMENT_TOO_COSTLY."""
    pages: list[Page] = []
    characters = 0
    for page in file.pages():
        pages.append(page)
        characters += sum(len(fragment.text) for fragment in page.fragments)
        if file.page_count > MOST_PAGES or characters > MOST_CHARACTERS:
            raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY)
        on_progress(5 + 70 * page.number // file.page_count)
    return pages


def _recognise(
    file: PdfFile, pages: list[Page], recognition: Recognition, on_progress: Callable[[int], None]
) -> list[str]:
    """Fills the scanned pages in; returns the notices on it."""
    found, left_out = list[int](), recognition.left_out
    if recognition.pages:
        from workers.documents.ocr import recognise_pages

        recognised = recognise_pages(file, pages, recognition.pages, on_progress)
        found, left_out = recognised.found, left_out + recognised.left_out
    said = [notices.read_by_ocr(found)] if found else []
    return [*said, notices.not_read(left_out)] if left_out else said


def _extract(kind: str, blocks: list[Block], title: str, page_count: int, said: list[str]) -> Extract:
    if not any(sign.isalnum() for block in blocks for sign in block.text):
        raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY if said else failures.DOCUMENT_WITHOUT_TEXT)
    passages = split_passages(sections_of(blocks))
    return Extract(kind, title, page_count, outline_of(blocks), said, passages)
