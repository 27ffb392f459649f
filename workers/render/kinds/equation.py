"""A formula and what its symbols mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.cards import CardStyle, several_pictures
from workers.render.elements import Panel, Symbols, Words
from workers.render.flow import SMALLEST, require, require_whole_words, stacked
from workers.render.formula import Formula, FormulaUnreadableError, explicit_lines, formula, outline_of
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.palette import ACCENT, CALM, FOCUS, SURFACE, TEXT
from workers.render.storyboard import Item, Motion, Storyboard
from workers.render.text import TextBlock, TextStyle, text_block

SIZES = (64.0, 54.0, 46.0, 39.0, 33.0, 28.0, 24.5, 22.0)
LEGEND_SIZES = (27.0, 24.5, SMALLEST)
PADDING = 24.0
GAP = 20.0
ROW_GAP = 9.0
WIDE_ROW_GAP = 20.0
COLUMN_GAP = 34.0
EQUALS_SPACE = 16.0
MOST_PANEL = 0.72
"""Highest panel of the formula above a legend, as a part of the area."""

UNREADABLE = "a formula is shown as plain text: "


@dataclass(frozen=True)
class LegendRow:
    """A symbol, as a formula or as plain text, and what it stands for."""

    symbol: Formula | TextBlock
    meaning: TextBlock

    @property
    def symbol_width(self) -> float:
        """Width of the symbol in points."""
        return self.symbol.ink.width if isinstance(self.symbol, Formula) else self.symbol.width

    @property
    def height(self) -> float:
        """Height of the row in points."""
        tall = self.symbol.ink.height if isinstance(self.symbol, Formula) else self.symbol.height
        return max(tall, self.meaning.height)


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """The formula as large as it fits above its legend, then the legend on pictures of its own; last, plain text."""
    reason = _unreadable(scene.equation.latex)
    if reason is None:
        shapes = [(size, 1) for size in SIZES[:5]] + [(size, columns) for size in SIZES for columns in (2, 3)]
        for legend_size in LEGEND_SIZES:
            for size, columns in [*shapes, *((size, 1) for size in SIZES[5:])]:
                yield partial(_one_picture, scene, size, legend_size, columns)
        yield from (partial(_legend_apart, scene, size) for size in SIZES)
        yield from (partial(_legend_on_cards, scene, size) for size in SIZES)
        reason = "it does not fit the picture"
    yield partial(_plain, scene, reason)


def _unreadable(latex: str) -> str | None:
    """Why the formula cannot be set; None when it can."""
    try:
        lines = explicit_lines(latex)
        for before, after in lines:
            outline_of(before + after)
    except FormulaUnreadableError as error:
        return str(error)
    return None if lines else "the formula is empty"


def _formula_at(latex: str, size: float, width: float) -> Formula:
    try:
        return formula(latex, size, width)
    except FormulaUnreadableError as error:
        require(False, str(error))
        raise


def _symbol(latex: str, size: float, width: float) -> Formula | TextBlock:
    """A symbol of the legend; plain text when its LaTeX cannot be read."""
    try:
        return formula(latex, size * 1.12, width)
    except FormulaUnreadableError:
        return text_block(latex, TextStyle(size, monospaced=True), width)


def _legend(scene: script_pb2.Scene, size: float, width: float) -> list[LegendRow]:
    symbols = [_symbol(entry.latex, size, width * 0.5) for entry in scene.equation.symbols if entry.latex]
    entries = [entry for entry in scene.equation.symbols if entry.latex]
    widest = max(
        (LegendRow(s, text_block("", TextStyle(size), 50.0)).symbol_width for s in symbols), default=0.0
    )
    room = width - widest - EQUALS_SPACE
    require(room >= 110.0, "the legend has no room for meanings")
    meanings = [entry.meaning for entry in entries]
    require_whole_words(meanings, TextStyle(size), room)
    blocks = [text_block(meaning, TextStyle(size), room) for meaning in meanings]
    return [LegendRow(symbol, block) for symbol, block in zip(symbols, blocks, strict=True)]


def _one_picture(scene: script_pb2.Scene, size: float, legend_size: float, columns: int) -> Storyboard:
    board = Storyboard()
    area, _ = open_scene(board, scene.title)
    set_formula = _formula_at(scene.equation.latex, size, area.width - 2 * PADDING)
    fields = area.columns(columns, COLUMN_GAP)
    require(columns == 1 or len(scene.equation.symbols) > columns, "the legend is short")
    rows = _legend(scene, legend_size, fields[0].width)
    grid = [rows[start : start + columns] for start in range(0, len(rows), columns)]
    heights = [max(row.height for row in line) for line in grid]
    legend = sum(heights) + ROW_GAP * max(0, len(grid) - 1)
    panel = set_formula.ink.height + 2 * PADDING
    require(not rows or panel <= area.height * MOST_PANEL, "the formula leaves no room for its legend")
    tops = stacked([panel, legend] if rows else [panel], area, GAP, 30.0)
    _show_formula(board, set_formula, Box(area.x, tops[0], area.width, panel))
    if rows:
        _show_legend(board, grid, heights, tops[1], fields, ROW_GAP)
    return board


def _show_formula(board: Storyboard, set_formula: Formula, box: Box) -> list[Item]:
    x = box.x + (box.width - set_formula.ink.width) / 2
    y = box.y + (box.height - set_formula.ink.height) / 2
    return [
        board.show(Panel(box, SURFACE), Motion.FADE, 0.2),
        board.show(Symbols(set_formula, x, y, TEXT), Motion.WIPE, 0.3),
    ]


def _show_legend(
    board: Storyboard,
    grid: Sequence[Sequence[LegendRow]],
    heights: Sequence[float],
    top: float,
    fields: Sequence[Box],
    gap: float,
) -> None:
    widest = max(row.symbol_width for line in grid for row in line)
    spans = [
        max(widest + EQUALS_SPACE + row.meaning.width for row in line) for line in zip(*grid, strict=False)
    ]
    left = fields[0].x if len(fields) > 1 else fields[0].x + max(0.0, (fields[0].width - max(spans)) / 2)
    for line, height in zip(grid, heights, strict=True):
        for place, row in enumerate(line):
            x = left if place == 0 else fields[place].x
            board.step(row.meaning.text)
            _show_legend_row(board, row, x, widest, top)
        top += height + gap


def _show_legend_row(board: Storyboard, row: LegendRow, x: float, widest: float, top: float) -> None:
    """A symbol on the baseline of the first line of its meaning."""
    meaning_x = x + widest + EQUALS_SPACE
    baseline = top + (row.meaning.baselines[0] if row.meaning.baselines else row.meaning.style.size)
    symbol_x = x + widest - row.symbol_width
    if isinstance(row.symbol, Formula):
        place = baseline - row.symbol.baseline
        shown = [Symbols(row.symbol, symbol_x, place, colour) for colour in (FOCUS, ACCENT)]
        board.focus([shown[0]], [shown[1]])
    else:
        plain = [Words(row.symbol, symbol_x, top, colour) for colour in (FOCUS, ACCENT)]
        board.focus([plain[0]], [plain[1]])
    words = [Words(row.meaning, meaning_x, top, colour) for colour in (TEXT, CALM)]
    board.focus([words[0]], [words[1]])


def _legend_apart(scene: script_pb2.Scene, size: float) -> Storyboard:
    """The formula on a picture of its own, then its legend, on as many pictures as it needs."""
    board = Storyboard()
    area, heading = open_scene(board, scene.title)
    set_formula = _formula_at(scene.equation.latex, size, area.width - 2 * PADDING)
    panel = set_formula.ink.height + 2 * PADDING
    top = stacked([panel], area, 0.0, 0.0)[0]
    _show_formula(board, set_formula, Box(area.x, top, area.width, panel))
    rows = _legend(scene, LEGEND_SIZES[0], area.width)
    waiting = list(rows)
    while waiting:
        page, height = [waiting.pop(0)], 0.0
        height = page[0].height
        require(height <= area.height, "a meaning is longer than a picture")
        while waiting and height + waiting[0].height + WIDE_ROW_GAP <= area.height:
            height += waiting[0].height + WIDE_ROW_GAP
            page.append(waiting.pop(0))
        board.turn_page(heading)
        top = stacked([height], area, 0.0, 0.0)[0]
        _show_legend(board, [[row] for row in page], [row.height for row in page], top, [area], WIDE_ROW_GAP)
    return board


def _legend_on_cards(scene: script_pb2.Scene, size: float) -> Storyboard:
    """The formula, then its symbols as cards, for meanings with very long words."""
    board = Storyboard()
    area, heading = open_scene(board, scene.title)
    set_formula = _formula_at(scene.equation.latex, size, area.width - 2 * PADDING)
    panel = set_formula.ink.height + 2 * PADDING
    _show_formula(board, set_formula, Box(area.x, stacked([panel], area, 0.0, 0.0)[0], area.width, panel))
    texts = [f"{_spelled(entry.latex)} : {entry.meaning}" for entry in scene.equation.symbols]
    if texts:
        board.turn_page(heading)
        several_pictures(board, area, texts, CardStyle(TextStyle(24.0)), heading)
    return board


def _spelled(latex: str) -> str:
    """A symbol in plain letters, without LaTeX's marks."""
    return " ".join(latex.replace("\\", " ").replace("{", "").replace("}", "").split())


def _plain(scene: script_pb2.Scene, reason: str) -> Storyboard:
    """The LaTeX as its author wrote it, then its symbols."""
    board = Storyboard(notes=[UNREADABLE + reason])
    area, heading = open_scene(board, scene.title)
    style = TextStyle(24.0, monospaced=True)
    several_pictures(board, area, [scene.equation.latex], CardStyle(style), heading)
    texts = [f"{entry.latex} : {entry.meaning}" for entry in scene.equation.symbols]
    if texts:
        board.turn_page(heading)
        several_pictures(board, area, texts, CardStyle(TextStyle(24.0)), heading)
    return board
