"""From the fragments of PDF pages to blocks of text in reading order."""

import re
from collections.abc import Iterator

from workers.documents.blocks import Block, Kind
from workers.documents.columns import regions
from workers.documents.furniture import drop_furniture
from workers.documents.headings import mark_headings
from workers.documents.joining import LineJoiner
from workers.documents.lines import Line, Page
from workers.documents.margins import Setting, measure
from workers.documents.paragraphs import (
    Paragraph,
    begins_paragraph,
    continues_over_break,
    is_caption,
    marker_kind,
)
from workers.documents.pdf_outline import Bookmark
from workers.documents.rows import lines_of
from workers.documents.tables import is_contents_entry, table_at

_NOTE = re.compile(r"^(\[?\d{1,3}[\s.)\]]?|[*†‡§¶]{1,3}|[a-z][.)])\s?[^\W\d]")
_CONTENTS = re.compile(r"(table of )?contents$|inhalt(sverzeichnis)?$|sommaire$|[íi]ndice$", re.IGNORECASE)
_LEAST_CONTENTS = 5  # lines with dot leaders that make a table of contents


def blocks_of(pages: list[Page], outline: list[Bookmark]) -> list[Block]:
    """The document's blocks in reading order.

    Running headers, footers and page numbers are dropped, and so are tables of contents (five lines or more
    with dot leaders), whose titles the headings repeat. Footnotes follow the paragraph they interrupt.
    """
    drop_furniture(pages)
    columns = [lines for page in pages for lines in _columns(page)]
    if not columns:
        return []
    columns = _without_contents(columns)
    setting = measure(columns)
    paragraphs = _paragraphs(columns, setting)
    mark_headings(paragraphs, outline, setting)
    joiner = LineJoiner(columns)
    return [_block(paragraph, joiner) for paragraph in paragraphs]


def _columns(page: Page) -> Iterator[list[Line]]:
    upright = [f for f in page.fragments if f.y <= page.height]
    turned = [f for f in page.fragments if f.y > page.height]
    for place, region in enumerate([*regions(upright), *([turned] if turned else [])]):
        yield lines_of(page.number, place, region)


def _without_contents(columns: list[list[Line]]) -> list[list[Line]]:
    entries = sum(is_contents_entry(line) for lines in columns for line in lines)
    if entries < _LEAST_CONTENTS:
        return columns
    kept = [
        [line for line in lines if not is_contents_entry(line) and not _CONTENTS.match(line.text)]
        for lines in columns
    ]
    return [lines for lines in kept if lines]


def _paragraphs(columns: list[list[Line]], setting: Setting) -> list[Paragraph]:
    paragraphs: list[Paragraph] = []
    for lines in columns:
        body, notes = _notes_apart(lines, setting)
        before = next((p for p in reversed(paragraphs) if p.kind is not Kind.FOOTNOTE), None)
        paragraphs += _column_paragraphs(body, before, setting)
        paragraphs += notes
    return paragraphs


def _column_paragraphs(lines: list[Line], before: Paragraph | None, setting: Setting) -> list[Paragraph]:
    """The paragraphs that begin in this column; lines that go on with the one before are added to it."""
    found: list[Paragraph] = []
    place = 0
    while place < len(lines):
        line, after = lines[place], lines[place + 1] if place + 1 < len(lines) else None
        length, rows = table_at(lines, place)
        if length:
            found.append(Paragraph(lines[place : place + length], Kind.TABLE, rows=rows))
            place += length
            continue
        if (
            found
            and found[-1].kind is not Kind.TABLE
            and not begins_paragraph(found[-1], line, after, setting)
        ):
            found[-1].lines.append(line)
        elif place == 0 and before is not None and continues_over_break(before, line, setting):
            before.lines.append(line)
            found.append(before)
        else:
            kind = marker_kind(line, None) or (Kind.CAPTION if is_caption(line) else Kind.PARAGRAPH)
            found.append(Paragraph([line], kind))
        place += 1
    return found[1:] if found and found[0] is before else found


def _notes_apart(lines: list[Line], setting: Setting) -> tuple[list[Line], list[Paragraph]]:
    """Footnotes at the column's end: smaller type that begins with a number or sign, below all else."""
    start = len(lines)
    while start and lines[start - 1].size < 0.93 * setting.body_size:
        start -= 1
    while 0 < start < len(lines) and not _NOTE.match(lines[start].text):
        start += 1
    if start == 0:
        return lines, []
    notes: list[Paragraph] = []
    for line in lines[start:]:
        if notes and not _NOTE.match(line.text):
            notes[-1].lines.append(line)
        else:
            notes.append(Paragraph([line], Kind.FOOTNOTE))
    return lines[:start], notes


def _block(paragraph: Paragraph, joiner: LineJoiner) -> Block:
    if paragraph.rows:
        return Block(Kind.TABLE, "\n".join(paragraph.rows), [(paragraph.first.page, 0)])
    text, starts, emphasis = joiner.join(paragraph.lines)
    return Block(paragraph.kind, text, starts, emphasis, paragraph.level)
