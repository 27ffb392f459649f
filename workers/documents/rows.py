"""Lines of a column: fragments that share a baseline, with superscripts and formulas where they stand."""

from bisect import bisect_left, bisect_right

from workers.documents.formulas import FAR, belongs, is_sign, overlaps, stack_text
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
    """Fragments by baseline; raised and lowered signs go to the line they stand at."""
    usual = max(fragments, key=lambda f: len(f.text)).size
    small = [f for f in fragments if f.size < _FULL_SIZE * usual and is_sign(f)]
    chosen = set(map(id, small))
    rows = _by_baseline([f for f in fragments if id(f) not in chosen])
    bases = [row[0].y for row in rows]
    raised = []
    for sign in small:
        place = bisect_left(bases, sign.y - _SAME_BASELINE * sign.size)
        if place < len(bases) and bases[place] < sign.y + _SAME_BASELINE * sign.size:
            rows[place].append(sign)
        else:
            raised.append(sign)
    rows = sorted(rows + _by_baseline(raised), key=lambda row: row[0].y)
    for _ in range(_PASSES):
        rows = _gathered(rows)
    return sorted(rows, key=lambda row: max(row, key=lambda f: len(f.text)).y)


def _by_baseline(fragments: list[Fragment]) -> list[Row]:
    rows: list[Row] = []
    for fragment in sorted(fragments, key=lambda f: (f.y, f.x0)):
        if rows and fragment.y - rows[-1][0].y < _SAME_BASELINE * max(rows[-1][0].size, fragment.size):
            rows[-1].append(fragment)
        else:
            rows.append([fragment])
    return rows


def _gathered(rows: list[Row]) -> list[Row]:
    """The rows with those of signs alone put into the nearest row they belong to; the lightest go first."""
    bases = [row[0].y for row in rows]
    weights = [_weight(row) for row in rows]
    reach = 1.4 * max(fragment.size for row in rows for fragment in row)
    gone: set[int] = set()
    for place in sorted((n for n, row in enumerate(rows) if all(map(is_sign, row))), key=weights.__getitem__):
        near = range(bisect_left(bases, bases[place] - reach), bisect_right(bases, bases[place] + reach))
        hosts = [n for n in near if n != place and n not in gone and weights[n] >= weights[place]]
        apart, host = min(((_apart(rows[place], rows[n]), n) for n in hosts), default=(FAR, place))
        if apart < FAR:
            rows[host].extend(rows[place])
            gone.add(place)
    return [row for place, row in enumerate(rows) if place not in gone]


def _apart(signs: Row, row: Row) -> float:
    return min(belongs(sign, row) for sign in signs)


def _weight(row: Row) -> int:
    """How likely others are to belong to the row: by its length, and more when it holds a relation."""
    text = "".join(fragment.text for fragment in row)
    return len(text) + 100 * (not _RELATIONS.isdisjoint(text))


def _line(page: int, column: int, row: Row) -> Line:
    row.sort(key=lambda f: f.x0)
    main = max(row, key=lambda f: len(f.text))
    text, emphasis, cells = "", list[Span](), list[tuple[float, float, str]]()
    before: Fragment | None = None
    for group in _stacks(row):
        if before is not None and not text.endswith(" ") and _parted(before, group[0]):
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
        page,
        text.rstrip(),
        row[0].x0,
        right,
        main.y,
        main.size,
        main.bold,
        main.italic,
        emphasis,
        cells,
        column,
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
