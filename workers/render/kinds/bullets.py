"""A list of points."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.cards import CardStyle, one_picture, several_pictures
from workers.render.flow import body_styles
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.storyboard import Storyboard
from workers.render.text import TextStyle

MANY = 6
"""From so many points on, two columns are tried before the smaller sizes."""


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """Cards in one column, in two, then over several pictures."""
    styles = body_styles()
    points = list(scene.bullets.points)
    if len(points) < MANY:
        yield from (partial(_cards, scene.title, points, style, 1) for style in styles[:4])
    yield from (partial(_cards, scene.title, points, style, 2) for style in styles[1:4])
    yield from (partial(_cards, scene.title, points, style, 1) for style in styles)
    yield from (partial(_pages, scene.title, points, style) for style in styles[2:])


def _cards(title: str, points: list[str], style: TextStyle, columns: int) -> Storyboard:
    board = Storyboard()
    area, _ = open_scene(board, title)
    one_picture(board, area, points, CardStyle(style), columns)
    return board


def _pages(title: str, points: list[str], style: TextStyle) -> Storyboard:
    board = Storyboard()
    area, heading = open_scene(board, title)
    several_pictures(board, area, points, CardStyle(style), heading)
    return board
