"""The heading above a scene's content."""

from __future__ import annotations

from workers.render.box import Box
from workers.render.elements import Panel, Words
from workers.render.flow import stacked
from workers.render.frame import SAFE
from workers.render.palette import ACCENT, TEXT
from workers.render.storyboard import Item, Motion, Storyboard
from workers.render.text import TextBlock, TextStyle, balanced, shortened

SIZES = (32.0, 28.0, 25.0)
MOST_LINES = 2
BAR_WIDTH = 6.0
INDENT = 20.0
SPACE_BELOW = 18.0
LARGE_SIZES = (48.0, 40.0, 32.0, 27.0, 23.0)


def _fitting(title: str) -> TextBlock | None:
    """The title in at most two lines, as large as that allows; None when it is too long."""
    for size in SIZES:
        block = balanced(title, TextStyle(size, 700), SAFE.width - INDENT)
        if len(block.lines) <= MOST_LINES:
            return block
    return None


def _place(board: Storyboard, block: TextBlock) -> tuple[Box, list[Item]]:
    words = Words(block, SAFE.x if block.rtl else SAFE.x + INDENT, SAFE.y, TEXT)
    bar_x = SAFE.right - BAR_WIDTH if block.rtl else SAFE.x
    bar = Panel(Box(bar_x, words.ink.y, BAR_WIDTH, words.ink.height), ACCENT, BAR_WIDTH / 2)
    items = [board.show(bar), board.show(words, Motion.RISE)]
    return SAFE.below(SAFE.y + block.height + SPACE_BELOW), items


def open_scene(board: Storyboard, title: str) -> tuple[Box, list[Item]]:
    """Begins the first step with the heading; gives the area left for content and what stays when pages turn.

    A title too long for two lines gets a picture of its own first and is then shortened.
    """
    if not title:
        board.step("")
        return SAFE, []
    block = _fitting(title)
    if block is not None:
        board.step(title)
        return _place(board, block)
    _whole_title(board, title)
    board.step(title[:60])
    return _place(board, shortened(title, TextStyle(SIZES[-1], 700), SAFE.width - INDENT, MOST_LINES))


def _whole_title(board: Storyboard, title: str) -> None:
    """A picture with nothing but a long title."""
    board.step(title, dwell=2.5)
    for size in LARGE_SIZES:
        block = balanced(title, TextStyle(size, 700), SAFE.width - INDENT)
        if block.height <= SAFE.height:
            break
    top = stacked([block.height], SAFE, 0.0, 0.0)[0]
    words = Words(block, SAFE.x if block.rtl else SAFE.x + INDENT, top, TEXT)
    bar_x = SAFE.right - BAR_WIDTH if block.rtl else SAFE.x
    board.show(Panel(Box(bar_x, words.ink.y, BAR_WIDTH, words.ink.height), ACCENT, BAR_WIDTH / 2))
    board.show(words, Motion.RISE)
    board.turn_page()
