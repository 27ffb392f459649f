"""A curve over an interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.curve import Curve, Feature, sample
from workers.render.elements import Disc, Element, Point, Stroke, Symbols, Words
from workers.render.flow import require
from workers.render.formula import Formula, FormulaUnreadableError, formula
from workers.render.geometry import crosses
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.palette import ACCENT, CALM, FOCUS, RULE, SURFACE_RAISED, TEXT
from workers.render.plot_expression import PlotExpression, parse_plot_expression
from workers.render.storyboard import Motion, Storyboard
from workers.render.text import TextBlock, TextStyle, text_block

LABEL_SIZES = (23.0, 21.6)
TICK_LENGTH = 5.0
TICK_GAP = 8.0
MOST_TICKS = 6
LABEL_GAP = 10.0
FORMULA_SIZES = (38.0, 32.0, 27.0, 23.0)
HIGHEST_FORMULA = 80.0
DOT = 6.5


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """The plot under its formula, without the formula, then with smaller labels."""
    expression = parse_plot_expression(scene.plot.expression)
    curve = sample(expression, scene.plot.x_min, scene.plot.x_max)
    for label_size in LABEL_SIZES:
        for formula_size in (*FORMULA_SIZES, None):
            yield partial(_plot, scene, expression, curve, label_size, formula_size)


@dataclass(frozen=True)
class Axes:
    """Where numbers are in the picture."""

    box: Box
    curve: Curve

    def x(self, value: float) -> float:
        """Horizontal place of a number in points."""
        curve = self.curve
        return self.box.x + (value - curve.left) / (curve.right - curve.left) * self.box.width

    def y(self, value: float) -> float:
        """Vertical place of a number in points."""
        curve = self.curve
        return self.box.bottom - (value - curve.low) / (curve.high - curve.low) * self.box.height


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from `low` to `high`, at most `most`, a step of 1, 2 or 5 times a power of ten apart."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (power, 2 * power, 5 * power, 10 * power, 20 * power):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [number * step for number in range(first, last + 1)]
    return [low, high]


def tick_text(value: float, step: float) -> str:
    """A number with as many decimals as its step needs; very large and small ones with a power of ten."""
    if value == 0:
        return "0"
    if abs(value) >= 1e5 or step < 1e-4:
        return f"{value:.2g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e").replace("-", "−")
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:.{decimals}f}".replace("-", "−")


def _label(expression: PlotExpression, size: float, width: float) -> Formula | None:
    try:
        found = formula(f"y = {expression.latex()}", size, width)
    except FormulaUnreadableError:
        return None
    return found if found.ink.height <= HIGHEST_FORMULA and len(found.latex_lines) == 1 else None


def _plot(
    scene: script_pb2.Scene,
    expression: PlotExpression,
    curve: Curve,
    label_size: float,
    formula_size: float | None,
) -> Storyboard:
    board = Storyboard()
    area, _ = open_scene(board, scene.title)
    below = area
    head: Symbols | None = None
    if formula_size is not None:
        label = _label(expression, formula_size, area.width)
        require(label is not None, "the formula is too large to stand above the plot")
        assert label is not None
        head = Symbols(label, area.x + (area.width - label.ink.width) / 2, area.y - 6, ACCENT)
        below = area.below(head.ink.bottom + 12)
    require(below.height >= 150, "the plot is too flat")
    style = TextStyle(label_size)
    axes, furniture = _axes(scene, curve, below, style)
    for element, motion in furniture:
        board.show(element, motion, 0.1)
    board.step(f"{scene.plot.expression} {scene.plot.x_label} {scene.plot.y_label}")
    if head:
        board.show(head, Motion.WIPE)
    lines = _curve_lines(curve, axes)
    for number, line in enumerate(lines):
        board.show(Stroke(line, ACCENT, 4.0, decoration=True), Motion.DRAW, 0.1 * number)
    _show_features(board, curve, axes, style, [element for element, _ in furniture], lines)
    return board


def _axes(
    scene: script_pb2.Scene, curve: Curve, area: Box, style: TextStyle
) -> tuple[Axes, list[tuple[Element, Motion]]]:
    """The axes with ticks, numbers and names, fitted into `area`."""
    x_name = text_block(scene.plot.x_label or "x", style, area.width * 0.9)
    y_name = text_block(scene.plot.y_label or "y", style, area.width * 0.9)
    require(len(x_name.lines) == 1 and len(y_name.lines) == 1, "the name of an axis is long")
    y_ticks = ticks(curve.low, curve.high, MOST_TICKS if area.height > 200 else 4)
    y_step = y_ticks[1] - y_ticks[0] if len(y_ticks) > 1 else 1.0
    y_numbers = [text_block(tick_text(value, y_step), style, 200.0) for value in y_ticks]
    left = max(number.width for number in y_numbers) + TICK_GAP + TICK_LENGTH
    bottom = style.line_height * 2 + TICK_GAP * 0.5
    box = Box(
        area.x + left,
        area.y + y_name.height + 4,
        area.width - left - 24,
        area.height - y_name.height - bottom - 4,
    )
    axes = Axes(box, curve)
    parts: list[tuple[Element, Motion]] = []
    parts += _grid(axes, y_ticks)
    for value, number in zip(y_ticks, y_numbers, strict=True):
        y = axes.y(value)
        place = Words(number, box.x - TICK_GAP - number.width, y - number.height / 2, CALM)
        parts.append((place, Motion.FADE))
    parts += _x_numbers(axes, style)
    parts.append((Words(y_name, box.x, area.y, TEXT), Motion.FADE))
    x_place = Words(x_name, box.right - x_name.width, area.bottom - x_name.height, TEXT)
    parts.append((x_place, Motion.FADE))
    return axes, parts


def _grid(axes: Axes, y_ticks: Sequence[float]) -> list[tuple[Element, Motion]]:
    """Faint lines at the numbers, then the two axes."""
    box, curve = axes.box, axes.curve
    parts: list[tuple[Element, Motion]] = []
    for value in y_ticks:
        points = ((box.x, axes.y(value)), (box.right, axes.y(value)))
        parts.append((Stroke(points, SURFACE_RAISED, 1.2, decoration=True), Motion.FADE))
    for value in ticks(curve.left, curve.right, MOST_TICKS + 2):
        points = ((axes.x(value), box.y), (axes.x(value), box.bottom))
        parts.append((Stroke(points, SURFACE_RAISED, 1.2, decoration=True), Motion.FADE))
    zero_y = axes.y(0.0) if curve.low <= 0 <= curve.high else box.bottom
    zero_x = axes.x(0.0) if curve.left <= 0 <= curve.right else box.x
    across = Stroke(((box.x, zero_y), (box.right + 14, zero_y)), RULE, 2.5, arrow=True, decoration=True)
    upwards = Stroke(((zero_x, box.bottom), (zero_x, box.y - 2)), RULE, 2.5, arrow=True, decoration=True)
    return [*parts, (across, Motion.DRAW), (upwards, Motion.DRAW)]


def _x_numbers(axes: Axes, style: TextStyle) -> list[tuple[Element, Motion]]:
    """Numbers under the plot, as many as stand apart from each other."""
    box, curve = axes.box, axes.curve
    for most in range(MOST_TICKS + 2, 1, -1):
        values = ticks(curve.left, curve.right, most)
        step = values[1] - values[0] if len(values) > 1 else 1.0
        numbers = [text_block(tick_text(value, step), style, 200.0) for value in values]
        places = [
            Words(number, axes.x(value) - number.width / 2, box.bottom + TICK_GAP * 0.5, CALM)
            for value, number in zip(values, numbers, strict=True)
        ]
        gaps = [
            second.x - first.x - first.block.width for first, second in zip(places, places[1:], strict=False)
        ]
        if all(gap > LABEL_GAP for gap in gaps):
            return [(place, Motion.FADE) for place in places]
    require(False, "the numbers of the axis do not stand apart")
    return []


def _curve_lines(curve: Curve, axes: Axes) -> list[tuple[Point, ...]]:
    return [
        tuple((axes.x(float(x)), axes.y(float(y))) for x, y in zip(xs, ys, strict=True))
        for xs, ys in curve.branches
    ]


def _show_features(
    board: Storyboard,
    curve: Curve,
    axes: Axes,
    style: TextStyle,
    furniture: Sequence[Element],
    lines: Sequence[tuple[Point, ...]],
) -> None:
    """Dots at zeros and turning points, with their coordinates where these stand free."""
    if not curve.features:
        return
    texts = [element for element in furniture if isinstance(element, Words)]
    strokes = [Stroke(line, ACCENT) for line in lines]
    board.step(" ".join(feature.name for feature in curve.features))
    for number, feature in enumerate(curve.features):
        centre = (axes.x(feature.x), axes.y(feature.y))
        board.show(Disc(centre, DOT, FOCUS), Motion.FADE, 0.15 * number)
        label = _free_label(feature, centre, style, axes, texts, strokes)
        if label:
            texts.append(label)
            board.show(label, Motion.FADE, 0.15 * number)


def _free_label(
    feature: Feature,
    centre: Point,
    style: TextStyle,
    axes: Axes,
    texts: Sequence[Words],
    strokes: Sequence[Stroke],
) -> Words | None:
    """The point's coordinates beside it, where neither text nor curve is in the way; None when there is no place."""
    block = text_block(f"({_rounded(feature.x)}, {_rounded(feature.y)})", style, 300.0)
    x, y = centre
    width, height = block.width, block.height
    candidates = [
        (x + 12, y - height - 4), (x - width - 12, y - height - 4), (x + 12, y + 4), (x - width - 12, y + 4),
        (x - width / 2, y - height - 14), (x - width / 2, y + 14),
    ]  # fmt: skip
    for left, top in candidates:
        words = Words(block, left, top, TEXT)
        near = Box(left - 3, top, width + 6, height)
        free = axes.box.contains(near) and not any(min(near.overlap(text.ink)) > 0 for text in texts)
        if free and not any(crosses(stroke, near) for stroke in strokes):
            return words
    return None


def _rounded(value: float) -> str:
    text = f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "−") if np.isfinite(value) else ""
