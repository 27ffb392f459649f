"""Lines of a column: fragments that share a baseline, with superscripts and formulas where they stand."""

from workers.documents.formulas import belongs, is_sign, overlaps, stack_text
from workers.documents.lines import Fragment, Line, Span

Row = list[Fragment]

_SAME_BASELINE = 0.2  # in sizes of type
_PASSES = 2  # a denominator finds its line after the numerator did
_RELATIONS = frozenset("=<>≤≥≈≡→∈")
_FULL_SIZE = 0.85  # of the column's usual size


def lines_of(page: int, column: int, fragments: list[Fragment]) -> list[Line]:
    """The lines of one column from top to bottom."""
    lines = [_line(page, column, row) for row in _rows(fragments)]
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    for line in lines:
        line.left, line.right = left, right
    return lines


def _rows(fragments: list[Fragment]) -> list[Row]:
    """Fragments by baseline; small and lone signs go to the line they stand at."""
    usual = max(fragments, key=lambda f: len(f.text)).size
    rows: list[Row] = []
    signs: list[Fragment] = []
    for fragment in sorted(fragments, key=lambda f: (f.y, f.x0)):
        if fragment.size < _FULL_SIZE * usual and is_sign(fragment):
            signs.append(fragment)
        elif rows and abs(rows[-1][0].y - fragment.y) < _SAME_BASELINE * max(rows[-1][0].size, fragment.size):
            rows[-1].append(fragment)
        else:
            rows.append([fragment])
    rows += [[sign] for sign in signs]
    for _ in range(_PASSES):
        for row in sorted((row for row in rows if all(map(is_sign, row))), key=_weight):
            _put(row, rows)
    return sorted(rows, key=lambda row: max(row, key=lambda f: len(f.text)).y)


def _weight(row: Row) -> int:
    """How likely others are to belong to the row: by its length, and more when it holds a relation."""
    text = "".join(fragment.text for fragment in row)
    return len(text) + 100 * (not _RELATIONS.isdisjoint(text))


def _put(signs: Row, rows: list[Row]) -> None:
    """Moves a row of signs into the nearest line it belongs to, if there is one."""
    hosts = [
        (apart, row)
        for row in rows
        if row is not signs
        and _weight(row) >= _weight(signs)
        and (apart := min((belongs(sign, row) for sign in signs), default=99.0)) < 99.0
    ]
    if hosts:
        min(hosts, key=lambda host: host[0])[1].extend(signs)
        rows[:] = [row for row in rows if row is not signs]


def _line(page: int, column: int, row: Row) -> Line:
    row.sort(key=lambda f: f.x0)
    main = max(row, key=lambda f: len(f.text))
    text, emphasis, cells = "", list[Span](), list[tuple[float, float, str]]()
    before: Fragment | None = None
    for group in _stacks(row):
        if before is not None and _parted(before, group[0]):
            text += " "
        if len(group) > 1:
            text += stack_text(group, text)
        else:
            emphasis += [(len(text) + start, len(text) + end) for start, end in group[0].emphasis]
            text += group[0].text
        cells += [cell for fragment in group for cell in _cells(fragment)]
        before = max(group, key=lambda f: f.x1)
    right = max(f.x1 for f in row)
    return Line(
        page, text, row[0].x0, right, main.y, main.size, main.bold, main.italic, emphasis, cells, column
    )


def _stacks(row: Row) -> list[Row]:
    """The row from left to right in groups of fragments that stand above each other."""
    groups: list[Row] = []
    for fragment in row:
        if groups and any(overlaps(fragment, other) for other in groups[-1]):
            groups[-1].append(fragment)
        else:
            groups.append([fragment])
    return groups


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
