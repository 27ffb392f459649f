"""Running headers, footers and page numbers: what says the same at the same height on many pages."""

import re
from collections import Counter
from dataclasses import dataclass

from workers.documents.lines import Fragment, Page

_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"^[ivxlc]{1,7}$", re.IGNORECASE)
_EDGE_ROWS = 3
_BAND = 4.0  # points: heights this near are the same
_SHARE = 0.6
_APART = 1.6  # in sizes of type


@dataclass(slots=True)
class _EdgeRow:
    """One of the outermost rows of a page.

    `band` is its edge (True: top) and height; `apart` tells whether more than a usual line's distance parts it from
    the next row further in.
    """

    page: int
    band: tuple[bool, int]
    shape: str
    apart: bool
    fragments: list[Fragment]


def drop_furniture(pages: list[Page]) -> None:
    """Takes running headers, footers and page numbers out of the pages.

    A height near the top or bottom edge is furniture when at least 60 % of the rows found there say the same
    on three pages or more (two in documents of up to three pages), numbers counted as equal; or when nearly
    all of them hold the page's own number. A row goes only when every row further out goes too, and never
    when it is set larger than running text, as headings are.
    """
    by_page = [_edge_rows(page) for page in pages]
    rows = [row for page_rows in by_page for row in page_rows]
    bands = _furniture_bands(rows, len(pages))
    largest = 1.15 * _body_size(pages)
    for page, page_rows in zip(pages, by_page, strict=True):
        doomed: set[int] = set()
        for edge in (True, False):
            outwards = [row for row in page_rows if row.band[0] is edge]
            for row in outwards if edge else reversed(outwards):
                if row.band not in bands or max(f.size for f in row.fragments) > largest:
                    break
                doomed.update(map(id, row.fragments))
        page.fragments = [f for f in page.fragments if id(f) not in doomed]


def _body_size(pages: list[Page]) -> float:
    sizes: Counter[float] = Counter()
    for page in pages:
        for fragment in page.fragments:
            sizes[round(fragment.size, 1)] += len(fragment.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _furniture_bands(rows: list[_EdgeRow], page_count: int) -> set[tuple[bool, int]]:
    often = 2 if page_count <= 3 else 3
    counts = Counter((band, row.shape) for row in rows for band in _near(row.band))
    by_band: dict[tuple[bool, int], list[_EdgeRow]] = {}
    for row in rows:
        by_band.setdefault(row.band, []).append(row)
    found = set()
    for band, members in by_band.items():
        repeated = sum(counts[band, row.shape] >= often for row in members)
        if _is_repeated(members, repeated, page_count) or _are_numbered(members, page_count):
            found.add(band)
    return found


def _edge_rows(page: Page) -> list[_EdgeRow]:
    heights: dict[int, list[Fragment]] = {}
    for fragment in page.fragments:
        if fragment.y <= page.height:
            heights.setdefault(round(fragment.y), []).append(fragment)
    order = sorted(heights)
    top = [(True, height) for height in order[:_EDGE_ROWS] if height < page.height * 0.2]
    bottom = [(False, height) for height in order[-_EDGE_ROWS:] if height > page.height * 0.8]
    rows = []
    for is_top, height in top + bottom:
        fragments = heights[height]
        place = order.index(height)
        inner = order[max(0, min(len(order) - 1, place + (1 if is_top else -1)))]
        apart = abs(inner - height) > _APART * max(f.size for f in fragments)
        rows.append(
            _EdgeRow(page.number, (is_top, round(height / _BAND)), _shape(fragments), apart, fragments)
        )
    return rows


def _shape(fragments: list[Fragment]) -> str:
    text = " ".join(f.text for f in sorted(fragments, key=lambda f: f.x0))
    return "#" if _ROMAN.match(text) else _DIGITS.sub("#", text).casefold()


def _near(band: tuple[bool, int]) -> list[tuple[bool, int]]:
    is_top, height = band
    return [(is_top, height - 1), (is_top, height), (is_top, height + 1)]


def _is_repeated(members: list[_EdgeRow], repeated: int, page_count: int) -> bool:
    common = len(members) >= 0.15 * page_count or all(row.shape == "#" for row in members)
    return common and repeated >= _SHARE * len(members)


def _are_numbered(members: list[_EdgeRow], page_count: int) -> bool:
    """Whether nearly all rows of a band, found on most pages and set apart, hold a number that grows with the page."""
    members = [row for row in members if row.apart]
    if page_count < 5 or len({row.page for row in members}) < _SHARE * page_count:
        return False
    offsets: Counter[int] = Counter()
    for row in members:
        text = " ".join(f.text for f in row.fragments)
        offsets.update({int(number) - row.page for number in _DIGITS.findall(text) if len(number) < 6})
    return bool(offsets) and offsets.most_common(1)[0][1] >= 0.8 * len(members)
