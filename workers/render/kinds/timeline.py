"""Events on a line of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.cards import page_dwell
from workers.render.elements import Disc, Element, Point, Stroke, Words
from workers.render.flow import body_styles, paged, require, require_whole_words, stacked
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.palette import ACCENT, CALM, FOCUS, RULE, TEXT
from workers.render.storyboard import Item, Motion, Storyboard
from workers.render.text import TextBlock, TextStyle, natural_width, text_block

MOST_ACROSS = 6
STEM = 24.0
DOT = 8.0
SIDE_GAP = 16.0
ROW_GAP = 14.0
MOST_WHEN = 0.34
"""Widest column of dates, as a part of the area."""


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """A line across with events above and below, a line down, the same over several pictures."""
    events, styles = list(scene.timeline.events), body_styles()
    if 2 <= len(events) <= MOST_ACROSS:
        yield from (partial(_across, scene.title, events, style) for style in styles[1:])
    yield from (partial(_down, scene.title, events, style, False) for style in styles)
    yield from (partial(_down, scene.title, events, style, True) for style in styles[2:])


def _event_block(
    event: script_pb2.TimelineEvent, style: TextStyle, width: float
) -> tuple[TextBlock, TextBlock]:
    when = text_block(event.when, TextStyle(style.size * 1.1, 700), width, "centre")
    return when, text_block(event.what, style, width, "centre")


def _across(title: str, events: list[script_pb2.TimelineEvent], style: TextStyle) -> Storyboard:
    board = Storyboard()
    area, _ = open_scene(board, title)
    pitch = area.width / len(events)
    width = pitch * (2 if len(events) > 2 else 1) - SIDE_GAP
    width = min(width, area.width * 0.46)
    require_whole_words([event.when for event in events], TextStyle(style.size * 1.1, 700), width)
    require_whole_words([event.what for event in events], style, width)
    blocks = [_event_block(event, style, width) for event in events]
    heights = [when.height + what.height + STEM for when, what in blocks]
    above, below = max(heights[0::2]), max(heights[1::2])
    require(above + below <= area.height, "the line is higher than the area")
    y = area.y + (area.height - above - below) / 2 + above
    board.show(Stroke(((area.x, y), (area.right, y)), RULE, 4.0), Motion.DRAW)
    for index, (event, texts) in enumerate(zip(events, blocks, strict=True)):
        x = area.x + pitch * (index + 0.5)
        if texts[0].rtl or texts[1].rtl:
            x = area.right - pitch * (index + 0.5)
        left = min(max(x - width / 2, area.x), area.right - width)
        board.step(f"{event.when} {event.what}")
        _show_event(board, texts, (x, y), left, index % 2 == 0)
    return board


def _show_event(
    board: Storyboard, texts: tuple[TextBlock, TextBlock], place: Point, left: float, above: bool
) -> None:
    """A dot on the line across, with its date and event over or under it."""
    when, what = texts
    x, y = place
    top = y - STEM - when.height - what.height if above else y + STEM
    stem_end = y - STEM + 4 if above else y + STEM - 4
    board.show(Stroke((place, (x, stem_end)), RULE, 2.5), Motion.DRAW)
    below = top + when.height
    board.focus(
        [Disc(place, DOT, FOCUS), Words(when, left, top, FOCUS), Words(what, left, below, TEXT)],
        [Disc(place, DOT, ACCENT), Words(when, left, top, ACCENT), Words(what, left, below, CALM)],
    )


def _down(title: str, events: list[script_pb2.TimelineEvent], style: TextStyle, several: bool) -> Storyboard:
    board = Storyboard()
    area, heading = open_scene(board, title)
    when_style = TextStyle(style.size, 700)
    widest = max(natural_width(event.when, when_style) if event.when else 0.0 for event in events)
    column = min(widest, area.width * MOST_WHEN) + 1
    line_x = area.x + column + 26.0
    text_x = line_x + 26.0
    if not several:
        require_whole_words([event.when for event in events], when_style, column)
        require_whole_words([event.what for event in events], style, area.right - text_x)
    whens = [text_block(event.when, when_style, column, "right") for event in events]
    whats = [text_block(event.what or " ", style, area.right - text_x) for event in events]
    require(max(when.height for when in whens) <= area.height, "a date is higher than the area")
    places = (area.x, line_x, text_x)
    if whats[0].rtl:
        mirror = 2 * area.centre[0]
        places = (mirror - area.x - column, mirror - line_x, area.x)
        whens = [replace(when, align="left") for when in whens]
    pages = _pages(whats, whens, area.height)
    require(several or len(pages) == 1, "the line is higher than the area")
    dates = iter(whens)
    for number, page in enumerate(pages):
        if number:
            board.turn_page(heading)
        rows = [(next(dates) if part.first == 0 else None, part) for part in page]
        _show_page(board, rows, area, places, ROW_GAP)
    return board


def _pages(whats: Sequence[TextBlock], whens: Sequence[TextBlock], room: float) -> list[list[TextBlock]]:
    """Which events stand on which picture; a date may be higher than its event."""
    excess = max(max(when.height - what.height, 0.0) for when, what in zip(whens, whats, strict=True))
    return paged(whats, room - excess, ROW_GAP + excess)


def _show_page(
    board: Storyboard,
    rows: Sequence[tuple[TextBlock | None, TextBlock]],
    area: Box,
    places: tuple[float, float, float],
    gap: float,
) -> None:
    """The events of one picture beside their line; `places` are where dates, line and texts stand."""
    when_x, line_x, text_x = places
    heights = [max(what.height, when.height if when else 0.0) for when, what in rows]
    tops = stacked(heights, area, gap, 26.0)
    dots = [top + what.style.line_height / 2 for top, (_, what) in zip(tops, rows, strict=True)]
    rail: Item | None = None
    for index, ((when, what), top) in enumerate(zip(rows, tops, strict=True)):
        said = " ".join(line.text for line in [*(when.lines if when else []), *what.lines])
        board.step(said, dwell=0.6 if index else page_dwell([what for _, what in rows]))
        if rail is None:
            end = tops[-1] + heights[-1]
            rail = board.show(Stroke(((line_x, tops[0]), (line_x, end)), RULE, 4.0), Motion.DRAW)
        bright: list[Element] = [Disc((line_x, dots[index]), DOT, FOCUS), Words(what, text_x, top, TEXT)]
        calm: list[Element] = [Disc((line_x, dots[index]), DOT, ACCENT), Words(what, text_x, top, CALM)]
        if when:
            bright.append(Words(when, when_x, top, FOCUS))
            calm.append(Words(when, when_x, top, ACCENT))
        board.focus(bright, calm)
