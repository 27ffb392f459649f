"""A problem, its steps and its result."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.cards import GAP, CardStyle, card_height, focus_card, foreshadow, several_pictures, tick
from workers.render.flow import body_styles, require_whole_words, stacked
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.palette import ACCENT, GREEN, SKY
from workers.render.storyboard import Storyboard
from workers.render.text import TextStyle, text_block


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """Everything on one picture; else problem, steps and result one after the other."""
    yield from (partial(_one_picture, scene, style) for style in body_styles())
    yield from (partial(_pages, scene, style) for style in body_styles()[2:])


def _sections(scene: script_pb2.Scene, style: TextStyle) -> list[tuple[list[str], CardStyle]]:
    """The parts of the example that are not empty, in order, with the look of their cards."""
    content = scene.worked_example
    strong = TextStyle(style.size, 600)
    numbers = tuple(str(index + 1) for index in range(len(content.steps)))
    sections = [
        ([content.problem], CardStyle(strong, SKY, ("?",))),
        (list(content.steps), CardStyle(style, ACCENT, numbers)),
        ([content.result] if content.result else [], CardStyle(strong, GREEN, (tick(),))),
    ]
    return [(texts, cards) for texts, cards in sections if texts]


def _one_picture(scene: script_pb2.Scene, style: TextStyle) -> Storyboard:
    board = Storyboard()
    area, _ = open_scene(board, scene.title)
    rows = []
    for texts, cards in _sections(scene, style):
        width = cards.text_width(area.width)
        require_whole_words(texts, cards.text, width)
        rows += [
            (text_block(text, cards.text, width), cards, cards.mark(index))
            for index, text in enumerate(texts)
        ]
    heights = [card_height(block) for block, _, _ in rows]
    tops = stacked(heights, area, GAP, 16.0)
    boxes = [Box(area.x, top, area.width, height) for top, height in zip(tops, heights, strict=True)]
    foreshadow(board, boxes[1:])
    for number, ((block, cards, mark), box) in enumerate(zip(rows, boxes, strict=True)):
        if number:
            board.step(block.text)
        focus_card(board, block, box, cards, mark)
    return board


def _pages(scene: script_pb2.Scene, style: TextStyle) -> Storyboard:
    board = Storyboard()
    area, heading = open_scene(board, scene.title)
    for number, (texts, cards) in enumerate(_sections(scene, style)):
        if number:
            board.turn_page(heading)
        several_pictures(board, area, texts, cards, heading)
    return board
