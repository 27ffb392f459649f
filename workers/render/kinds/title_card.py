"""A title card."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.elements import Panel, Stroke, Words
from workers.render.flow import paged, require, require_whole_words, stacked
from workers.render.frame import SAFE
from workers.render.kinds.attempt import Attempt
from workers.render.palette import ACCENT, CALM, RULE, SURFACE_RAISED, TEXT
from workers.render.storyboard import Motion, Storyboard
from workers.render.text import TextStyle, balanced, text_block

SIZES = ((60.0, 29.0), (52.0, 28.0), (44.0, 26.0), (38.0, 24.0))
PLAIN_SIZES = ((52.0, 28.0), (44.0, 26.0), (36.0, 24.0), (30.0, 22.5), (25.0, 21.6), (21.6, 21.6))
ORNAMENT = 200.0
"""Width of the rings beside a short title."""
BAR = Box(0.0, 0.0, 72.0, 6.0)
GAP = 20.0


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """Title and subtitle beside rings, over the whole width, then one after the other."""
    title, subtitle = (
        scene.title or scene.title_card.subtitle,
        scene.title_card.subtitle if scene.title else "",
    )
    narrow = Box(SAFE.x + 12, SAFE.y, SAFE.width - ORNAMENT - 52, SAFE.height)
    wide = SAFE.inset(12, 0)
    yield from (partial(_card, title, subtitle, sizes, narrow, True) for sizes in SIZES)
    yield from (partial(_card, title, subtitle, sizes, wide, False) for sizes in PLAIN_SIZES)
    yield partial(_pages, title, subtitle, wide)


def _card(title: str, subtitle: str, sizes: tuple[float, float], area: Box, rings: bool) -> Storyboard:
    board = Storyboard()
    head_style, body_style = TextStyle(sizes[0], 700), TextStyle(sizes[1])
    require_whole_words([title], head_style, area.width)
    head = balanced(title, head_style, area.width)
    body = balanced(subtitle, body_style, area.width)
    require(not (rings and head.rtl), "the rings stand where the title begins")
    heights = [BAR.height, head.height] + ([body.height] if subtitle else [])
    tops = stacked(heights, area, GAP, GAP)
    board.step(title)
    if rings:
        _rings(board)
    bar_x = area.right - BAR.width if head.rtl else area.x
    board.show(Panel(Box(bar_x, tops[0], BAR.width, BAR.height), ACCENT, 3.0), Motion.WIPE)
    board.show(Words(head, area.x, tops[1], TEXT), Motion.RISE, 0.15)
    if subtitle:
        board.step(subtitle)
        board.show(Words(body, area.x, tops[2], CALM), Motion.RISE)
    return board


def _rings(board: Storyboard) -> None:
    """Three open rings on the right, drawn as the title comes in."""
    centre_x, centre_y = SAFE.right - ORNAMENT / 2, SAFE.y + SAFE.height * 0.48
    for number, (radius, colour) in enumerate(((96.0, SURFACE_RAISED), (68.0, RULE), (40.0, ACCENT))):
        start = 0.6 + number * 1.9
        angles = [start + 2 * math.pi * 0.82 * part / 60 for part in range(61)]
        points = tuple((centre_x + radius * math.cos(a), centre_y + radius * math.sin(a)) for a in angles)
        board.show(Stroke(points, colour, 7.0, decoration=True), Motion.DRAW, 0.15 * number)


def _pages(title: str, subtitle: str, area: Box) -> Storyboard:
    board = Storyboard()
    blocks = [text_block(title, TextStyle(27.0, 700), area.width)]
    if subtitle:
        blocks.append(text_block(subtitle, TextStyle(24.0), area.width))
    pages = [page for block in blocks for page in paged([block], area.height, 0.0)]
    for number, page in enumerate(pages):
        if number:
            board.turn_page()
        board.step(" ".join(line.text for line in page[0].lines), dwell=2.5)
        top = stacked([page[0].height], area, 0.0, 0.0)[0]
        board.show(Words(page[0], area.x, top, TEXT if page[0].text == title else CALM), Motion.RISE)
    return board
