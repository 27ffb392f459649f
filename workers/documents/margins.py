"""Where the columns of a document end and how far apart its lines stand."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from workers.documents.lines import Line

_SAME_EDGE = 1.0  # points
_MOST_HANGING = 5.0  # points by which hyphens and full stops may stick out of the margin


@dataclass(slots=True)
class Setting:
    """How the document's running text is set.

    `body_size` is the size of most characters, `leading` the usual distance of lines in sizes of type, and
    `indented` tells whether paragraphs begin with an indented line rather than after a gap, `justified` whether
    full lines end together.
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
    pairs = [
        (before, line)
        for lines in columns
        for before, line in pairwise(lines)
        if abs(before.size - body) < 0.3 and abs(line.size - body) < 0.3
    ]
    distances = Counter(round((line.y - before.y) / body, 1) for before, line in pairs)
    leading = next((value for value, _ in distances.most_common() if 0.8 <= value <= 3.0), 1.2)
    return Setting(body, leading, _is_indented(pairs, body, leading), _is_justified(pairs, body))


def _is_indented(pairs: list[tuple[Line, Line]], body: float, leading: float) -> bool:
    """Whether indented lines without a gap above are common beside gaps between lines."""
    wide = [(line.y - before.y) / body > 1.25 * leading for before, line in pairs]
    indents = sum(
        not gap and 0.8 * body < line.x0 - before.x0 < 4 * body and abs(before.x0 - before.left) < _SAME_EDGE
        for gap, (before, line) in zip(wide, pairs, strict=True)
    )
    return indents >= 3 and indents > 0.4 * sum(wide)


def _is_justified(pairs: list[tuple[Line, Line]], body: float) -> bool:
    """Whether most lines that come near the margin end right there; hanging hyphens may stick out."""
    full = [before.x1 - before.right for before, _ in pairs if before.x1 > before.right - 2.5 * body]
    return sum(end > -_SAME_EDGE for end in full) > 0.6 * max(1, len(full))


def _set_right_margins(columns: list[list[Line]]) -> None:
    """A column's right margin: its own when its lines show one, else that of the columns like it."""
    shown = [_shown_margin(lines) for lines in columns]
    alike: dict[tuple[int, int], list[tuple[float, int]]] = {}
    for lines, margin in zip(columns, shown, strict=True):
        right = max(line.x1 for line in lines) if margin is None else margin
        for place in range(round(lines[0].left / 20) - 2, round(lines[0].left / 20) + 3):
            alike.setdefault((lines[0].page % 2, place), []).append((right, len(lines)))
    for lines, margin in zip(columns, shown, strict=True):
        if margin is None:
            least = max(line.x1 for line in lines) - _SAME_EDGE
            others = alike[lines[0].page % 2, round(lines[0].left / 20)]
            wider = sorted(edge for edge, count in others if edge >= least for _ in range(min(count, 50)))
            margin = wider[len(wider) // 2] if wider else least + _SAME_EDGE
        for line in lines:
            line.right = margin


def _shown_margin(lines: list[Line]) -> float | None:
    """Where at least three lines and a third of them end together, near the column's widest line."""
    widest = max(line.x1 for line in lines)
    ends = [line.x1 for line in lines if line.x1 > widest - _MOST_HANGING]
    together = Counter(round(end) for end in ends)
    for edge, _ in together.most_common(2):
        near = [end for end in ends if abs(end - edge) <= _SAME_EDGE]
        if len(near) >= 3 and len(near) >= 0.3 * len(lines):
            return max(near)
    return None
