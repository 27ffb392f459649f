"""Texts one under the other: placed in an area, or spread over several pictures."""

from __future__ import annotations

from collections.abc import Sequence

from workers.render.box import Box
from workers.render.storyboard import DoesNotFitError
from workers.render.text import TextBlock, TextStyle, longest_word, smallest_size

BODY_SIZES = (30.0, 27.0, 24.5, 22.5)
"""Sizes of running text in points, from the best to the smallest."""

SMALLEST = 21.6
"""Size of running text where nothing larger fits; its capitals are just over the readable height."""


def body_styles(weight: int = 400) -> list[TextStyle]:
    """Styles for running text, from the best to the smallest."""
    return [TextStyle(max(size, smallest_size()), weight) for size in (*BODY_SIZES, SMALLEST)]


def require(condition: bool, reason: str) -> None:
    """Raises DoesNotFitError with `reason` unless `condition` holds."""
    if not condition:
        raise DoesNotFitError(reason)


def require_whole_words(texts: Sequence[str], style: TextStyle, width: float) -> None:
    """Raises DoesNotFitError when a word would have to be broken to fit `width`."""
    for text in texts:
        require(longest_word(text, style) <= width, "a word is longer than a line")


def stacked(heights: Sequence[float], area: Box, gap: float, widest_gap: float) -> list[float]:
    """Upper edge of each of things with `heights`, centred in `area`, `gap` to `widest_gap` points apart.

    Raises DoesNotFitError when they are higher than the area.
    """
    total = sum(heights)
    slack = area.height - total
    require(slack >= gap * (len(heights) - 1) - 0.01, "higher than the area")
    spread = min(widest_gap, max(gap, slack / (len(heights) + 1)))
    top = area.y + (area.height - total - spread * (len(heights) - 1)) * 0.46
    edges = []
    for height in heights:
        edges.append(top)
        top += height + spread
    return edges


def paged(blocks: Sequence[TextBlock], room: float, gap: float) -> list[list[TextBlock]]:
    """The blocks on as few pages of height `room` as they need, evenly filled; a block that is higher than a page is
    cut between two lines. `gap` is the space under a block."""
    pages = _greedy(blocks, room, gap)
    tallest = max(block.style.line_height for block in blocks) * 3 + gap
    for tenth in range(5, 10):
        even = max(room * tenth / 10, tallest)
        if even < room and len(balanced := _greedy(blocks, even, gap)) == len(pages):
            return balanced
    return pages


def _greedy(blocks: Sequence[TextBlock], room: float, gap: float) -> list[list[TextBlock]]:
    pages: list[list[TextBlock]] = [[]]
    left = room
    for block in blocks:
        for part in _cut(block, left if pages[-1] else room, room):
            if part.height > left + 0.01 and pages[-1]:
                pages.append([])
                left = room
            pages[-1].append(part)
            left -= part.height + gap
    return pages


def _cut(block: TextBlock, left: float, room: float) -> list[TextBlock]:
    """The block in parts: whole where it fits a page, else filling what is left of this page and then pages."""
    if block.height <= room:
        return [block]
    parts: list[TextBlock] = []
    first = 0
    while first < len(block.lines):
        last = first + 1
        while last < len(block.lines) and block.part(first, last + 1).height <= (room if parts else left):
            last += 1
        parts.append(block.part(first, last))
        first = last
    return parts
