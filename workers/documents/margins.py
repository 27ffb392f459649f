"""Where the columns of a document end and how far apart its lines stand."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from workers.documents.lines import Line

_SAME_EDGE = 1.0  # points


@dataclass(slots=True)
class Setting:
    """How the document's running text is set.

    `body_size` is the size of most characters, `leading` the usual distance of lines in sizes of type, and
    `indented` tells whether paragraphs begin with an indented line rather than after a gap.
    """

    body_size: float
    leading: float
    indented: bool
    justified: bool


def measure(columns: list[list[Line]]) -> Setting:
    """The setting of a document from the lines of its columns; also writes each line's right margin."""
    _set_right_margins(columns)
    sizes: Counter[float] = Counter()
    for lines in columns:
        for line in lines:
            sizes[round(line.size * 4) / 4] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 10.0
    distances: Counter[float] = Counter()
    full = flush = indents = gaps = 0
    for lines in columns:
        for before, line in pairwise(lines):
            if abs(before.size - body) > 0.3 or abs(line.size - body) > 0.3:
                continue
            distances[round((line.y - before.y) / body, 1)] += 1
            full += before.x1 > before.right - 2.5 * body
            flush += abs(before.x1 - before.right) < _SAME_EDGE
    leading = next((value for value, _ in distances.most_common() if 0.8 <= value <= 3.0), 1.2)
    for lines in columns:
        for before, line in pairwise(lines):
            if abs(before.size - body) < 0.3 and abs(line.size - body) < 0.3:
                wide = (line.y - before.y) / body > 1.25 * leading
                gaps += wide
                indents += (
                    not wide
                    and body * 0.8 < line.x0 - before.x0 < body * 4
                    and abs(before.x0 - before.left) < 1
                )
    return Setting(body, leading, indents > gaps, flush > 0.6 * max(1, full))


def _set_right_margins(columns: list[list[Line]]) -> None:
    """A column's right margin: its own when its lines show one, else that of the columns like it."""
    extents = [(min(line.x0 for line in lines), max(line.x1 for line in lines)) for lines in columns]
    alike: dict[tuple[int, int], list[tuple[float, int]]] = {}
    for (left, right), lines in zip(extents, columns, strict=True):
        for place in range(round(left / 20) - 2, round(left / 20) + 3):
            alike.setdefault((lines[0].page % 2, place), []).append((right, len(lines)))
    for (left, right), lines in zip(extents, columns, strict=True):
        margin = right
        if not _shows_margin(lines, right):
            wider = sorted(
                edge
                for edge, count in alike[lines[0].page % 2, round(left / 20)]
                if edge >= right - _SAME_EDGE
                for _ in range(min(count, 50))
            )
            margin = wider[len(wider) // 2]
        for line in lines:
            line.right = margin


def _shows_margin(lines: list[Line], right: float) -> bool:
    flush = sum(abs(line.x1 - right) < _SAME_EDGE for line in lines)
    return flush >= 3 and flush >= 0.3 * len(lines)
