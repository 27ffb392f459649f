"""Tables of a document as they stand in its text: lines of cells parted by bars."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.llm.extractive.analysis import Analysis
from services.llm.extractive.questions.wording import cleaned, with_capital

FEWEST_ROWS = 2
_CAPTION = re.compile(r"^(?:table|figure) ?[\d.]+[.:]?\s+(?P<title>[^.|]{4,90})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Table:
    """`header` names the columns, and the first cell of a row what the row is about.

    `passage` is the position of the passage it stands in, `spans` where its header and its rows do, in characters.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    passage: int
    spans: tuple[tuple[int, int], ...]


def tables(analysis: Analysis) -> Iterator[Table]:
    """All tables of two columns or more with a header and two rows or more, in document order."""
    for position, passage in enumerate(analysis.passages):
        if "|" in passage.text:
            yield from _of_text(passage.text, position)


def _of_text(text: str, position: int) -> Iterator[Table]:
    start, before = 0, ""
    run: list[tuple[tuple[str, ...], int]] = []
    lines = [*text.split("\n"), ""]
    caption = ""
    for line in lines:
        cells = tuple(cleaned(cell) for cell in line.split(" | ")) if " | " in line else ()
        if run and len(cells) != len(run[0][0]):
            yield from _table(text, position, caption, run)
            run = []
        if cells:
            caption = before if not run else caption
            run.append((cells, start))
        else:
            before = line
        start += len(line) + 1


def _table(text: str, position: int, caption: str, run: list[tuple[tuple[str, ...], int]]) -> Iterator[Table]:
    rows = [cells for cells, _ in run[1:]]
    if len(rows) < FEWEST_ROWS or not all(all(cells) for cells in (run[0][0], *rows)):
        return
    match = _CAPTION.match(caption)
    spans = tuple((start, _line_end(text, start)) for _, start in run)
    yield Table(
        with_capital(match["title"].strip()) if match else "", run[0][0], tuple(rows), position, spans
    )


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end
