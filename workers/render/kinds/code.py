"""A piece of source text to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.elements import Panel, Words
from workers.render.flow import require
from workers.render.heading import open_scene
from workers.render.highlight import Piece, highlighted
from workers.render.kinds.attempt import Attempt
from workers.render.palette import SURFACE, SURFACE_RAISED
from workers.render.scripts import columns
from workers.render.storyboard import Item, Storyboard
from workers.render.text import TextStyle, natural_width, smallest_size, unwrapped

SIZES = (26.0, 24.0, 22.0, 20.5, 19.3)
PADDING = 16.0
MOST_CHUNKS = 6


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """The whole text with unbroken lines, with broken lines, then over several pictures."""
    yield from (partial(_code, scene, size, False, False) for size in SIZES)
    yield from (partial(_code, scene, size, True, False) for size in SIZES)
    yield from (partial(_code, scene, size, True, True) for size in SIZES[-2:])


def _code(scene: script_pb2.Scene, size: float, broken: bool, several: bool) -> Storyboard:
    style = TextStyle(max(size, smallest_size(monospaced=True)), monospaced=True)
    board = Storyboard()
    area, heading = open_scene(board, scene.title)
    advance = natural_width("0" * 50, style) / 50
    room = int((area.width - 2 * PADDING) / advance)
    lines = highlighted(scene.code.source, scene.code.language)
    longest = max(sum(columns(piece.text) for piece in line) for line in lines)
    require(broken or longest <= room, "a line is wider than the picture")
    rows = [part for line in lines for part in _broken(line, room)]
    most = int((area.height - 2 * PADDING) / style.line_height)
    require(several or len(rows) <= most, "the text is longer than the picture")
    for start in range(0, len(rows), most):
        if start:
            board.turn_page(heading)
            board.step("", dwell=_dwell(rows[start : start + most]))
        _show_page(board, rows[start : start + most], style, area, advance)
    return board


def _dwell(rows: Sequence[Sequence[Piece]]) -> float:
    """Least seconds that a picture of so many lines is seen."""
    return min(6.0, 1.0 + 0.35 * len(rows))


def _broken(line: Sequence[Piece], room: int) -> list[list[Piece]]:
    """A line in rows of at most `room` cells."""
    rows: list[list[Piece]] = [[]]
    used = 0
    for piece in line:
        kept = ""
        for letter in piece.text:
            if used + columns(letter) > room:
                if kept:
                    rows[-1].append(Piece(kept, piece.colour))
                rows.append([])
                kept, used = "", 0
            kept += letter
            used += columns(letter)
        if kept:
            rows[-1].append(Piece(kept, piece.colour))
    return rows


def _show_page(
    board: Storyboard, rows: list[list[Piece]], style: TextStyle, area: Box, advance: float
) -> None:
    """A panel with the text; a lighter band moves down as the narration goes on."""
    height = len(rows) * style.line_height + 2 * PADDING
    top = area.y + (area.height - height) * 0.3
    panel = Box(area.x, top, area.width, height)
    board.show(Panel(panel, SURFACE), level=-2)
    for number, row in enumerate(rows):
        x = panel.x + PADDING
        for piece in row:
            block = unwrapped(piece.text, style, area.width)
            if piece.text.strip():
                board.show(Words(block, x, panel.y + PADDING + number * style.line_height, piece.colour))
            x += max(natural_width(piece.text, style), len(piece.text) * advance)
    _move_band(board, rows, style, panel)


def _move_band(board: Storyboard, rows: list[list[Piece]], style: TextStyle, panel: Box) -> None:
    band: Item | None = None
    chunks = _chunks(rows)
    for first, last in chunks if len(chunks) > 1 else []:
        board.step("".join(piece.text for row in rows[first:last] for piece in row))
        y = panel.y + PADDING + first * style.line_height
        box = Box(panel.x + 5, y, panel.width - 10, (last - first) * style.line_height)
        if band is not None:
            band.leave = board.now
        band = board.show(Panel(box, SURFACE_RAISED, 6.0), level=-1)


def _chunks(rows: list[list[Piece]]) -> list[tuple[int, int]]:
    """Stretches of rows that belong together: cut at empty rows, else evenly."""
    full = ["".join(piece.text for piece in row).strip() != "" for row in rows]
    starts = [i for i in range(len(rows)) if full[i] and (i == 0 or not full[i - 1])]
    chunks = []
    for start in starts:
        end = start
        while end < len(rows) and full[end]:
            end += 1
        chunks.append((start, end))
    if len(chunks) > 1 and len(chunks) <= MOST_CHUNKS:
        return chunks
    size = max(1, -(-len(rows) // min(MOST_CHUNKS, 4)))
    return [(start, min(start + size, len(rows))) for start in range(0, len(rows), size)]
