"""Lines of a column: fragments that share a baseline, with superscripts where they stand."""

from workers.documents.lines import Fragment, Line, Span


def lines_of(page: int, column: int, fragments: list[Fragment]) -> list[Line]:
    """The lines of one column from top to bottom."""
    rows: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda f: (f.y, f.x0)):
        row = next((row for row in reversed(rows[-3:]) if _shares_line(row, fragment)), None)
        if row is None:
            rows.append([fragment])
        else:
            row.append(fragment)
    lines = [_line(page, column, row) for row in rows]
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    for line in lines:
        line.left, line.right = left, right
    return lines


def _shares_line(row: list[Fragment], fragment: Fragment) -> bool:
    """Whether the fragment stands on the row's baseline, or as a raised or lowered sign right beside a part
    of it.
    """
    main = max(row, key=lambda f: f.size)
    apart = abs(main.y - fragment.y)
    if apart < 0.2 * max(main.size, fragment.size):
        return True
    if apart > 0.6 * max(main.size, fragment.size):
        return False
    near = max(main.size, fragment.size)
    return any(
        -0.3 * near < fragment.x0 - f.x1 < near or -0.3 * near < f.x0 - fragment.x1 < near for f in row
    )


def _line(page: int, column: int, row: list[Fragment]) -> Line:
    row.sort(key=lambda f: f.x0)
    main = max(row, key=lambda f: len(f.text))
    text, emphasis, cells = "", list[Span](), list[tuple[float, float, str]]()
    for place, fragment in enumerate(row):
        if place and _parted(row[place - 1], fragment):
            text += " "
        emphasis += [(len(text) + start, len(text) + end) for start, end in fragment.emphasis]
        text += fragment.text
        cells += _cells(fragment)
    right = max(f.x1 for f in row)
    return Line(
        page, text, row[0].x0, right, main.y, main.size, main.bold, main.italic, emphasis, cells, column
    )


def _parted(before: Fragment, after: Fragment) -> bool:
    """Whether a space stands between two fragments: a gap, or the same baseline again."""
    gap = after.x0 - before.x1
    return gap > 0.12 * max(before.size, after.size) or abs(before.y - after.y) < 0.1


def _cells(fragment: Fragment) -> list[tuple[float, float, str]]:
    if not fragment.pieces:
        return [(fragment.x0, fragment.x1, fragment.text)]
    ends = [start for start, _, _ in fragment.pieces[1:]] + [len(fragment.text)]
    return [
        (left, right, fragment.text[start:end].strip())
        for (start, left, right), end in zip(fragment.pieces, ends, strict=True)
    ]
