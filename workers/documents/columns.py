"""Reading order of a page: its columns, and the bands that go across them.

A place where at least five fragments begin, to the right of others that end before it, is the edge of a
column when few fragments cross it at the same height; whatever crosses parts the page into bands, read from
the top. Columns of short cells are a table and stay together. This is the recursive cut of Nagy and Seth (X-Y
cut) with the cut found from where lines begin.
"""

from collections import Counter
from collections.abc import Iterable

from workers.documents.lines import Fragment

Region = list[Fragment]

_LEAST_LINES = 5
_LEAST_WIDTH = 0.16  # of the text's width
_LEAST_LETTERS = 16  # on average in a fragment of a column of text
_MOST_CROSSED = 0.1


def regions(fragments: list[Fragment], depth: int = 0) -> list[Region]:
    """The page's fragments in groups that are one column each, in reading order."""
    cut = _cut(fragments) if depth < 3 and len(fragments) >= 2 * _LEAST_LINES else None
    if cut is None:
        return [fragments] if fragments else []
    found: list[Region] = []
    for crossing, band in _bands(fragments, cut):
        if crossing:
            found.append(band)
            continue
        for side in (
            [fragment for fragment in band if fragment.x0 < cut],
            [fragment for fragment in band if fragment.x0 >= cut],
        ):
            found.extend(regions(side, depth + 1))
    return found


def _cut(fragments: list[Fragment]) -> float | None:
    """The best left edge of a right column, None when the text is one column."""
    left, right = min(f.x0 for f in fragments), max(f.x1 for f in fragments)
    width = right - left
    starts = Counter(round(f.x0 / 3) for f in fragments if f.x0 > left + _LEAST_WIDTH * width)
    best, best_score = None, 0
    for place, count in starts.most_common(8):
        if count + starts[place - 1] + starts[place + 1] < _LEAST_LINES:
            break
        edge = min(f.x0 for f in fragments if abs(round(f.x0 / 3) - place) <= 1) - 0.5
        score = _score(fragments, edge, width)
        if score > best_score:
            best, best_score = edge, score
    return best


def _score(fragments: list[Fragment], edge: float, width: float) -> int:
    """How many lines the smaller side of this edge has, 0 when it does not part columns of text."""
    before = [f for f in fragments if f.x1 <= edge]
    after = [f for f in fragments if f.x0 >= edge]
    if not (_is_text(before, width) and _is_text(after, width)):
        return 0
    crossing = [f for f in fragments if f.x0 < edge < f.x1]
    beside = _beside(before, after)
    if beside < _LEAST_LINES or _beside(crossing, after) > _MOST_CROSSED * beside + 1:
        return 0
    return min(len(before), len(after))


def _is_text(side: list[Fragment], width: float) -> bool:
    if len(side) < _LEAST_LINES:
        return False
    letters = sum(len(f.text) for f in side)
    widest = max(f.x1 for f in side) - min(f.x0 for f in side)
    rows = len({round(f.y) for f in side})
    return letters >= _LEAST_LETTERS * rows and widest >= _LEAST_WIDTH * width


def _beside(some: list[Fragment], others: Iterable[Fragment]) -> int:
    """How many of the others share their height with one of the first."""
    heights = {round(f.y / 6) for f in some}
    return sum(
        1 for f in others if not heights.isdisjoint((round(f.y / 6) - 1, round(f.y / 6), round(f.y / 6) + 1))
    )


def _bands(fragments: list[Fragment], cut: float) -> list[tuple[bool, Region]]:
    """The page from top to bottom in bands that cross the cut and bands that do not."""
    bands: list[tuple[bool, Region]] = []
    for fragment in sorted(fragments, key=lambda f: f.y):
        crossing = fragment.x0 < cut < fragment.x1
        if bands and bands[-1][0] == crossing:
            bands[-1][1].append(fragment)
        else:
            bands.append((crossing, [fragment]))
    return bands
