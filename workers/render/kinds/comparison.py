"""Two or more things side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.cards import CardStyle, foreshadow, page_dwell, several_pictures
from workers.render.elements import Element, Panel, Words
from workers.render.flow import body_styles, require, require_whole_words, stacked
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.palette import CALM, SERIES, SURFACE, SURFACE_RAISED, TEXT
from workers.render.storyboard import Item, Motion, Storyboard
from workers.render.text import TextBlock, TextStyle, text_block

COLUMN_GAP = 14.0
CELL_PADDING = 12.0
ROW_GAP = 8.0
HEAD_GAP = 10.0
MOST_HEAD_LINES = 3


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """A table, the same over several pictures, then one thing after the other."""
    yield from (partial(_table, scene, style, False) for style in body_styles())
    yield from (partial(_table, scene, style, True) for style in body_styles()[2:])
    yield from (partial(_one_by_one, scene, style) for style in body_styles()[2:])


def _rows(scene: script_pb2.Scene) -> list[list[str]]:
    columns = scene.comparison.columns
    count = max(len(column.points) for column in columns)
    return [
        [column.points[row] if row < len(column.points) else "" for column in columns] for row in range(count)
    ]


def _table(scene: script_pb2.Scene, style: TextStyle, several: bool) -> Storyboard:
    board = Storyboard()
    area, heading = open_scene(board, scene.title)
    columns = scene.comparison.columns
    fields = area.columns(len(columns), COLUMN_GAP)
    width = fields[0].width - 2 * CELL_PADDING
    rows = _rows(scene)
    require_whole_words([text for row in rows for text in row], style, width)
    cells = [[text_block(text, style, width) for text in row] for row in rows]
    heads, below = _heads(board, [column.heading for column in columns], style, fields)
    heights = [max(cell.height for cell in row) + 2 * CELL_PADDING * 0.75 for row in cells]
    body = area.below(below + HEAD_GAP)
    pages = _pages(heights, body.height)
    require(several or len(pages) <= 1, "the table is higher than the area")
    for number, page in enumerate(pages):
        if number:
            board.turn_page([*heading, *heads])
        tops = _tops([heights[row] for row in page], body)
        if number == 0:
            _foreshadow_rows(
                board, [cells[row] for row in page], fields, tops, [heights[row] for row in page]
            )
        for row, top in zip(page, tops, strict=True):
            board.step(" ".join(rows[row]), dwell=page_dwell(cells[row]) if row == page[0] else 0.6)
            _show_row(board, cells[row], fields, top, heights[row])
    return board


def _heads(
    board: Storyboard, headings: list[str], style: TextStyle, fields: list[Box]
) -> tuple[list[Item], float]:
    """The row of headings, each in its own colour; gives its items and lower edge."""
    head_style = TextStyle(style.size * 1.06, 700)
    width = fields[0].width - 2 * CELL_PADDING
    require_whole_words(headings, head_style, width)
    blocks = [text_block(heading, head_style, width, "centre") for heading in headings]
    require(max(len(block.lines) for block in blocks) <= MOST_HEAD_LINES, "a heading is long")
    height = max(block.height for block in blocks) + CELL_PADDING
    items = []
    for block, field, colour in zip(blocks, fields, SERIES, strict=False):
        box = Box(field.x, field.y, field.width, height)
        items.append(board.show(Panel(box, SURFACE_RAISED), Motion.RISE))
        rule = Panel(Box(box.x, box.bottom - 4, box.width, 4), colour, 2.0)
        items.append(board.show(rule, Motion.WIPE))
        top = box.y + (height - block.height) / 2 - 1
        items.append(board.show(Words(block, box.x + CELL_PADDING, top, colour), Motion.RISE))
    return items, fields[0].y + height


def _pages(heights: Sequence[float], room: float) -> list[list[int]]:
    """Which rows stand on which picture. Raises DoesNotFitError when a row is higher than a picture."""
    pages: list[list[int]] = []
    used = room + 1
    for row, height in enumerate(heights):
        require(height <= room, "a row is higher than the area")
        if used + height > room:
            pages.append([])
            used = 0.0
        pages[-1].append(row)
        used += height + ROW_GAP
    return pages


def _tops(heights: Sequence[float], area: Box) -> list[float]:
    tops, top = [], stacked(heights, area, ROW_GAP, ROW_GAP)[0]
    top = min(top, area.y + 22.0)
    for height in heights:
        tops.append(top)
        top += height + ROW_GAP
    return tops


def _foreshadow_rows(
    board: Storyboard,
    rows: Sequence[Sequence[TextBlock]],
    fields: Sequence[Box],
    tops: Sequence[float],
    heights: Sequence[float],
) -> None:
    for row, top, height in zip(rows, tops, heights, strict=True):
        places = zip(row, fields, strict=True)
        foreshadow(board, [Box(field.x, top, field.width, height) for cell, field in places if cell.text])


def _show_row(
    board: Storyboard, cells: Sequence[TextBlock], fields: Sequence[Box], top: float, height: float
) -> None:
    bright: list[Element] = []
    calm: list[Element] = []
    for cell, field in zip(cells, fields, strict=True):
        if not cell.text:
            continue
        box = Box(field.x, top, field.width, height)
        y = top + (height - cell.height) / 2
        bright += [Panel(box, SURFACE_RAISED), Words(cell, box.x + CELL_PADDING, y, TEXT)]
        calm += [Panel(box, SURFACE), Words(cell, box.x + CELL_PADDING, y, CALM)]
    board.focus(bright, calm)


def _one_by_one(scene: script_pb2.Scene, style: TextStyle) -> Storyboard:
    board = Storyboard()
    area, heading = open_scene(board, scene.title)
    for column, colour in zip(scene.comparison.columns, SERIES, strict=False):
        name = text_block(column.heading, TextStyle(style.size, 700), area.width)
        keep, below = list(heading), area
        if column is not scene.comparison.columns[0]:
            board.turn_page(heading)
        if name.height <= area.height * 0.4:
            board.step(column.heading)
            keep.append(board.show(Words(name, area.x, area.y, colour), Motion.RISE))
            below = area.below(area.y + name.height + HEAD_GAP)
        else:
            several_pictures(
                board, area, [column.heading], CardStyle(TextStyle(style.size, 700), colour), keep
            )
            board.turn_page(keep)
        if column.points:
            several_pictures(board, below, list(column.points), CardStyle(style, colour), keep)
    return board
