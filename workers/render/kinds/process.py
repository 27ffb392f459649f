"""Steps in order, or in a circle."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.cards import CardStyle, foreshadow, one_picture, several_pictures
from workers.render.elements import Element, Panel, Point, Stroke, Words
from workers.render.flow import body_styles, require, require_whole_words
from workers.render.fonts import covered_or
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.palette import ACCENT, CALM, FOCUS, RULE, SURFACE, SURFACE_RAISED, TEXT
from workers.render.storyboard import Motion, Storyboard
from workers.render.text import TextBlock, TextStyle, text_block

MOST_IN_CHAIN = 4
MOST_IN_RING = 6
ARROW_ROOM = 30.0
BOX_PADDING = 10.0
RING_WIDTH = 0.36
"""Width of a box of the ring, as a part of the area's."""


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """A ring for a circle, a chain for few short steps, else numbered cards."""
    steps, styles = list(scene.process.steps), body_styles()
    if scene.process.cyclic and 3 <= len(steps) <= MOST_IN_RING:
        yield from (partial(_ring, scene.title, steps, style) for style in styles)
    elif 2 <= len(steps) <= MOST_IN_CHAIN:
        yield from (partial(_chain, scene.title, steps, style, scene.process.cyclic) for style in styles[:4])
    yield from (partial(_cards, scene, steps, style, columns) for style in styles for columns in (1, 2))
    yield from (partial(_pages, scene, steps, style) for style in styles[2:])


def _numbers(steps: Sequence[str], cyclic: bool) -> tuple[str, ...]:
    """The marks of the steps; the last of a circle points back to the first."""
    numbers = [str(index + 1) for index in range(len(steps))]
    if cyclic and len(steps) > 1:
        numbers[-1] += covered_or(" ↺", "")
    return tuple(numbers)


def _cards(scene: script_pb2.Scene, steps: list[str], style: TextStyle, columns: int) -> Storyboard:
    board = Storyboard()
    area, _ = open_scene(board, scene.title)
    one_picture(board, area, steps, CardStyle(style, marks=_numbers(steps, scene.process.cyclic)), columns)
    return board


def _pages(scene: script_pb2.Scene, steps: list[str], style: TextStyle) -> Storyboard:
    board = Storyboard()
    area, heading = open_scene(board, scene.title)
    cards = CardStyle(style, marks=_numbers(steps, scene.process.cyclic))
    several_pictures(board, area, steps, cards, heading)
    return board


def _station(block: TextBlock, number: TextBlock, box: Box, bright: bool) -> list[Element]:
    """A box with its number over its text."""
    height = number.height + block.height
    top = box.y + (box.height - height) / 2
    return [
        Panel(box, SURFACE_RAISED if bright else SURFACE, border=FOCUS if bright else None),
        Words(number, box.x + BOX_PADDING, top, FOCUS if bright else ACCENT),
        Words(block, box.x + BOX_PADDING, top + number.height, TEXT if bright else CALM),
    ]


def _show_station(board: Storyboard, text: str, number: int, style: TextStyle, box: Box) -> None:
    width = box.width - 2 * BOX_PADDING
    block = text_block(text, style, width, "centre")
    mark = text_block(str(number), TextStyle(style.size, 700), width, "centre")
    require(
        block.height + mark.height + 2 * BOX_PADDING <= box.height + 0.01, "a step is longer than its box"
    )
    board.focus(_station(block, mark, box, True), _station(block, mark, box, False))


def _chain(title: str, steps: list[str], style: TextStyle, cyclic: bool) -> Storyboard:
    board = Storyboard()
    area, _ = open_scene(board, title)
    fields = area.columns(len(steps), ARROW_ROOM)
    width = fields[0].width - 2 * BOX_PADDING
    require_whole_words(steps, style, width)
    blocks = [text_block(text, style, width, "centre") for text in steps]
    height = max(block.height for block in blocks) + style.line_height + 2 * BOX_PADDING
    room = area.height - (50.0 if cyclic else 0.0)
    require(height <= room, "the chain is higher than the area")
    top = area.y + (room - height) * 0.42
    if blocks[0].rtl:
        fields.reverse()
    boxes = [Box(field.x, top, field.width, height) for field in fields]
    foreshadow(board, boxes)
    for index, (text, box) in enumerate(zip(steps, boxes, strict=True)):
        board.step(text)
        _show_station(board, text, index + 1, style, box)
        if index:
            board.show(_between(boxes[index - 1], box), Motion.DRAW)
    if cyclic:
        board.show(_back(boxes[-1], boxes[0]), Motion.DRAW, 0.4)
    return board


def _between(first: Box, second: Box) -> Stroke:
    """The arrow from one box to the one beside it."""
    y = first.centre[1]
    if second.x > first.x:
        return Stroke(((first.right + 5, y), (second.x - 5, y)), ACCENT, 3.0, arrow=True)
    return Stroke(((first.x - 5, y), (second.right + 5, y)), ACCENT, 3.0, arrow=True)


def _back(last: Box, first: Box) -> Stroke:
    """The arrow under the chain from its end to its beginning."""
    low = last.bottom + 30.0
    points = ((last.centre[0], last.bottom + 5), (last.centre[0], low), (first.centre[0], low),
              (first.centre[0], first.bottom + 5))  # fmt: skip
    return Stroke(points, RULE, 3.0, arrow=True)


def _ring(title: str, steps: list[str], style: TextStyle) -> Storyboard:
    board = Storyboard()
    area, _ = open_scene(board, title)
    width = area.width * RING_WIDTH if len(steps) > 3 else area.width * 0.4
    require_whole_words(steps, style, width - 2 * BOX_PADDING)
    boxes = _ring_boxes(steps, style, area, width)
    foreshadow(board, boxes)
    for index, (text, box) in enumerate(zip(steps, boxes, strict=True)):
        board.step(text)
        _show_station(board, text, index + 1, style, box)
        if index:
            board.show(_arc(boxes[index - 1], box), Motion.DRAW)
    board.show(_arc(boxes[-1], boxes[0]), Motion.DRAW, 0.4)
    return board


def _ring_boxes(steps: list[str], style: TextStyle, area: Box, width: float) -> list[Box]:
    """A box for each step, clockwise from the top left: a row above and a row below."""
    inner = width - 2 * BOX_PADDING
    above = math.ceil(len(steps) / 2)
    height = style.line_height + 2 * BOX_PADDING
    height += max(text_block(text, style, inner, "centre").height for text in steps)
    require(2 * height + 2 * ARROW_ROOM * 0.75 <= area.height, "the ring is higher than the area")
    if above == 3:
        width = (area.width - 2 * ARROW_ROOM) / 3
        inner = width - 2 * BOX_PADDING
        require_whole_words(steps, style, inner)
        height = style.line_height + 2 * BOX_PADDING
        height += max(text_block(text, style, inner, "centre").height for text in steps)
        require(2 * height + 2 * ARROW_ROOM * 0.75 <= area.height, "the ring is higher than the area")
    slack = area.height - 2 * height
    gap = min(slack * 0.6, 90.0)
    top = area.y + (slack - gap) / 2
    rows = [(top, above), (top + height + gap, len(steps) - above)]
    boxes: list[Box] = []
    for number, (y, count) in enumerate(rows):
        spread = (area.width - count * width) / (count + 1)
        row = [Box(area.x + spread + place * (width + spread), y, width, height) for place in range(count)]
        boxes += row if number == 0 else row[::-1]
    return boxes


def _arc(first: Box, second: Box) -> Stroke:
    """The arrow from one box of the ring to the next."""
    (x1, y1), (x2, y2) = first.centre, second.centre
    if abs(y1 - y2) < 1:
        return _between(first, second)
    edges: tuple[Point, Point] = (
        ((x1, first.bottom + 5), (x2, second.y - 5))
        if y2 > y1
        else ((x1, first.y - 5), (x2, second.bottom + 5))
    )
    return Stroke(edges, ACCENT, 3.0, arrow=True)
