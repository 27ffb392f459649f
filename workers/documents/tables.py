"""Tables: consecutive lines whose cells stand under each other."""

import re
from itertools import pairwise

from workers.documents.lines import Line

CELL_SEPARATOR = " | "

_WIDE = 1.5  # in sizes of type: a gap this wide parts cells even in two rows alone
_LEAST_GAP = 0.9
_ALIGNED = 3.0  # points
_MARKER = re.compile(r"^([•◦▪‣●○■□➢✓·\-–—*]|\(?\w{1,3}[.)])$")
_LEADER = re.compile(r"(\.\s?){4,}\s*\d{1,4}$")

Cells = list[tuple[float, float, str]]


def is_contents_entry(line: Line) -> bool:
    """Whether the line belongs to a table of contents: a title, dots, a page number."""
    return bool(_LEADER.search(line.text))


def table_at(lines: list[Line], start: int) -> tuple[int, list[str]]:
    """The table that begins with the given line: how many lines it has, 0 for none, and its rows as text.

    Three rows whose cells are aligned at the left, the middle or the right make a table, or two rows with
    wide gaps. A line that stands under one of the later cells goes on with that cell.
    """
    rows: list[Cells] = []
    place, end = start, start
    while place < len(lines):
        line = lines[place]
        if rows and line.y - lines[place - 1].y > 3.0 * line.size:
            break
        cells = _cells(line)
        if len(cells) > 1 and (not rows or _aligned(rows[-1], cells)):
            rows.append(cells)
            end = place + 1
        elif rows and len(cells) == 1 and (column := _column_under(rows[-1], cells[0])) > 0:
            left, right, text = rows[-1][column]
            rows[-1][column] = (left, max(right, cells[0][1]), f"{text} {cells[0][2]}")
            end = place + 1
        else:
            break
        place += 1
    least = 2 if rows and all(_widest_gap(row) > _WIDE * lines[start].size for row in rows) else 3
    if len(rows) < least:
        return 0, []
    return end - start, [CELL_SEPARATOR.join(text for _, _, text in row) for row in rows]


def _cells(line: Line) -> Cells:
    """The line's cells; gaps too small for a table and list markers part nothing."""
    cells: Cells = []
    for left, right, text in line.cells:
        if cells and left - cells[-1][1] < _LEAST_GAP * line.size:
            before = cells.pop()
            cells.append((before[0], right, f"{before[2]} {text}"))
        else:
            cells.append((left, right, text))
    return [(line.x0, line.x1, line.text)] if _MARKER.match(cells[0][2]) and len(cells) == 2 else cells


def _widest_gap(cells: Cells) -> float:
    return max((after[0] - before[1] for before, after in pairwise(cells)), default=0.0)


def _aligned(above: Cells, below: Cells) -> bool:
    """Whether at least half of the later cells of the shorter row stand under one of the other row."""
    few, many = sorted((above, below), key=len)
    matches = sum(any(_under(cell, other) for other in many[1:]) for cell in few[1:])
    return matches >= max(1, (len(few) - 1) / 2)


def _under(cell: tuple[float, float, str], other: tuple[float, float, str]) -> bool:
    middles = abs(cell[0] + cell[1] - other[0] - other[1]) / 2
    return min(abs(cell[0] - other[0]), abs(cell[1] - other[1]), middles) < _ALIGNED


def _column_under(cells: Cells, cell: tuple[float, float, str]) -> int:
    return next((place for place, other in enumerate(cells) if abs(other[0] - cell[0]) < _ALIGNED), -1)
