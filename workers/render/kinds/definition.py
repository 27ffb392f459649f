"""A term and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.cards import GAP, CardStyle, card_height, focus_card, foreshadow, several_pictures
from workers.render.elements import Words
from workers.render.flow import body_styles, require, require_whole_words, stacked
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.labels import label
from workers.render.palette import ACCENT, SKY, VIOLET
from workers.render.storyboard import Motion, Storyboard
from workers.render.text import TextStyle, balanced, text_block

TERM_SCALE = 1.5
ALONE_SIZE = 38.0
"""Size of a meaning that has the picture to itself."""

MOST_TERM_LINES = 2
CAPTION_GAP = 5.0


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """Term, meaning and example on one picture, then over several."""
    if not scene.definition.example:
        yield partial(_one_picture, scene, language, TextStyle(ALONE_SIZE, 400))
    yield from (partial(_one_picture, scene, language, style) for style in body_styles())
    yield from (partial(_pages, scene, style) for style in body_styles()[2:])


def _title(scene: script_pb2.Scene) -> str:
    """The heading, unless it only repeats the term."""
    return "" if scene.title.casefold() == scene.definition.term.casefold() else scene.title


def _one_picture(scene: script_pb2.Scene, language: str, style: TextStyle) -> Storyboard:
    board, content = Storyboard(), scene.definition
    area, _ = open_scene(board, _title(scene))
    term_style = TextStyle(style.size * TERM_SCALE, 700)
    require_whole_words([content.term], term_style, area.width)
    term = balanced(content.term, term_style, area.width)
    require(len(term.lines) <= MOST_TERM_LINES, "the term is long")
    texts = [content.meaning] + ([content.example] if content.example else [])
    colours = [ACCENT, VIOLET]
    cards = [CardStyle(style, colour) for colour in colours]
    width = cards[0].text_width(area.width)
    require_whole_words(texts, style, width)
    blocks = [text_block(text, style, width) for text in texts]
    word = label("example", language) if content.example else ""
    caption = text_block(word, TextStyle(22.0, 600), area.width) if word else None
    rows = [term.height, card_height(blocks[0])]
    if content.example:
        rows.append(card_height(blocks[1]) + (caption.height + CAPTION_GAP if caption else 0.0))
    tops = stacked(rows, area, GAP * 1.5 if style.size > 23 else GAP, 22.0)
    board.show(Words(term, area.x, tops[0], SKY), Motion.RISE, 0.2)
    boxes = [Box(area.x, tops[1], area.width, rows[1])]
    if content.example:
        height = card_height(blocks[1])
        boxes.append(Box(area.x, tops[2] + rows[2] - height, area.width, height))
    foreshadow(board, boxes)
    for text, block, box, look in zip(texts, blocks, boxes, cards, strict=False):
        board.step(text)
        if caption and block is not blocks[0]:
            board.show(Words(caption, area.x, tops[2], VIOLET), Motion.RISE)
        focus_card(board, block, box, look)
    return board


def _pages(scene: script_pb2.Scene, style: TextStyle) -> Storyboard:
    board, content = Storyboard(), scene.definition
    area, heading = open_scene(board, _title(scene))
    term = text_block(content.term, TextStyle(style.size * 1.15, 700), area.width)
    if term.height <= area.height * 0.4:
        keep = [*heading, board.show(Words(term, area.x, area.y, SKY), Motion.RISE)]
        area = area.below(area.y + term.height + GAP)
    else:
        several_pictures(board, area, [content.term], CardStyle(style, SKY), heading)
        board.turn_page(heading)
        keep = heading
    several_pictures(board, area, [content.meaning], CardStyle(style), keep)
    if content.example:
        board.turn_page(keep)
        several_pictures(board, area, [content.example], CardStyle(style, VIOLET), keep)
    return board
