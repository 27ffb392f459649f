"""A curve over an interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from mootion.video.v1 import script_pb2

from workers.render.box import Box, around
from workers.render.curve import Curve, Feature, sample
from workers.render.elements import Disc, Element, Point, Stroke, Symbols, Words
from workers.render.flow import require
from workers.render.formula import Formula, FormulaUnreadableError, formula
from workers.render.frame import SAFE
from workers.render.geometry import crosses
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.mention import first_mention
from workers.render.palette import ACCENT, CALM, FOCUS, RULE, SURFACE_RAISED, TEXT
from workers.render.plot_expression import PlotExpression, parse_plot_expression
from workers.render.storyboard import Item, Motion, Storyboard
from workers.render.text import TextStyle, unwrapped

LABEL_SIZES = (23.0, 21.6)
TICK_GAP = 8.0
MOST_TICKS = 8
ARROW_ROOM = 20.0
MOST_NAME_LINES = 2
LEAST_HEIGHT = 110.0
BESIDE_SIZES = (38.0, 32.0, 29.0)
SHORT_NAME = 90.0
"""Widest name, in points, that stands at the end of the horizontal axis instead of below its numbers."""

LABEL_GAP = 10.0
FORMULA_SIZES = (38.0, 32.0, 27.0, 23.0)
HIGHEST_FORMULA = 80.0
DOT = 6.5
CURVE_WORDS = "curve graph plot function"
CROSSINGS = "zero root crosses axis intercept"
TURNINGS = "lowest highest minimum maximum turning point vertex peak"
SAID_OF_FEATURES = (CROSSINGS, TURNINGS)
"""What the narration is likely to say when the points of a curve are shown."""

FEATURE_WORDS = {"zero": CROSSINGS, "minimum": TURNINGS, "maximum": TURNINGS}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
THIN_SPACE = "\u2009"


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """The plot under its formula, without the formula, then with smaller labels."""
    expression = parse_plot_expression(scene.plot.expression)
    curve = sample(expression, scene.plot.x_min, scene.plot.x_max)
    for label_size in LABEL_SIZES:
        yield from (partial(_plot, scene, expression, curve, label_size, size, True) for size in BESIDE_SIZES)
        sizes: tuple[float | None, ...] = (*FORMULA_SIZES, None)
        yield from (partial(_plot, scene, expression, curve, label_size, size, False) for size in sizes)


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
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        digits = mantissa.removesuffix(".0").replace("-", "−")
        return f"{digits}×10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{decimals}f}".replace("-", "−").replace(",", THIN_SPACE)


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
    beside: bool,
) -> Storyboard:
    board = Storyboard()
    area, heading = open_scene(board, scene.title)
    head: Symbols | None = None
    if formula_size is not None:
        head = _head(expression, formula_size, area, heading, beside)
        area = area if beside else area.below(head.ink.bottom + 12)
    style = TextStyle(label_size)
    axes, furniture = _axes(scene, curve, area, style)
    for element, motion in furniture:
        board.show(element, motion, 0.1)
    board.step(f"{CURVE_WORDS} {scene.plot.x_label} {scene.plot.y_label}")
    if head:
        board.show(head, Motion.WIPE)
    lines = _curve_lines(curve, axes)
    for number, line in enumerate(lines):
        board.show(Stroke(line, ACCENT, 4.0, decoration=True), Motion.DRAW, 0.1 * number)
    shown = [element for element, _ in furniture]
    _show_features(board, curve, axes, style, shown, lines, scene.narration)
    return board


def _head(
    expression: PlotExpression, size: float, area: Box, heading: Sequence[Item], beside: bool
) -> Symbols:
    """The formula, in the heading's row or above the plot."""
    label = _label(expression, size, area.width)
    require(label is not None, "the formula is too large to stand above the plot")
    assert label is not None
    if not beside:
        return Symbols(label, area.x + (area.width - label.ink.width) / 2, area.y - 6, ACCENT)
    require(bool(heading), "there is no heading")
    title = around(item.element.ink for item in heading)
    room = SAFE.right - title.right - 30.0
    require(title.x < SAFE.x + 10 and label.ink.width <= room, "the formula does not fit beside the heading")
    require(SAFE.y + label.ink.height <= area.y + 24.0, "the formula is higher than the heading")
    y = max(SAFE.y, title.centre[1] - label.ink.height / 2)
    return Symbols(label, SAFE.right - label.ink.width, y, ACCENT)


def _axes(
    scene: script_pb2.Scene, curve: Curve, area: Box, style: TextStyle
) -> tuple[Axes, list[tuple[Element, Motion]]]:
    """The axes with ticks, numbers and names, fitted into `area`."""
    x_name = unwrapped(scene.plot.x_label or "x", style, area.width * 0.9)
    y_name = unwrapped(scene.plot.y_label or "y", style, area.width * 0.9)
    require(max(len(x_name.lines), len(y_name.lines)) <= MOST_NAME_LINES, "the name of an axis is long")
    short = x_name.wrap_width <= SHORT_NAME
    top, right = y_name.height + 2, (x_name.wrap_width + 12 if short else 0) + ARROW_ROOM
    bottom = style.line_height + (0 if short else x_name.height) + TICK_GAP * 0.5
    height = area.height - top - bottom
    require(height >= LEAST_HEIGHT, "the plot is too flat")
    y_ticks = ticks(curve.low, curve.high, max(2, int(height / (style.line_height * 1.5))))
    y_step = y_ticks[1] - y_ticks[0] if len(y_ticks) > 1 else 1.0
    y_numbers = [unwrapped(tick_text(value, y_step), style, 300.0) for value in y_ticks]
    left = max(number.width for number in y_numbers) + TICK_GAP
    box = Box(area.x + left, area.y + top, area.width - left - right, height)
    axes = Axes(box, curve)
    parts: list[tuple[Element, Motion]] = _grid(axes, y_ticks)
    for value, number in zip(y_ticks, y_numbers, strict=True):
        place = Words(number, box.x - TICK_GAP - number.width, axes.y(value) - number.height / 2, CALM)
        parts.append((place, Motion.FADE))
    parts += _x_numbers(axes, style)
    zero_x = axes.x(0.0) if curve.left <= 0 <= curve.right else box.x
    name_x = min(max(area.x, zero_x - y_name.wrap_width / 2), area.right - y_name.wrap_width)
    parts.append((Words(y_name, name_x, area.y - 2, TEXT), Motion.FADE))
    zero_y = axes.y(0.0) if curve.low <= 0 <= curve.high else box.bottom
    name_y = zero_y - x_name.height / 2 if short else area.bottom - x_name.height
    parts.append((Words(x_name, area.right - x_name.wrap_width, name_y, TEXT), Motion.FADE))
    return axes, parts


def _grid(axes: Axes, y_ticks: Sequence[float]) -> list[tuple[Element, Motion]]:
    """Faint lines at the numbers, then the two axes."""
    box, curve = axes.box, axes.curve
    parts: list[tuple[Element, Motion]] = []
    for value in y_ticks:
        points = ((box.x, axes.y(value)), (box.right, axes.y(value)))
        parts.append((Stroke(points, SURFACE_RAISED, 1.2, decoration=True), Motion.FADE))
    for value in ticks(curve.left, curve.right, MOST_TICKS):
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
    for most in range(MOST_TICKS, 1, -1):
        values = ticks(curve.left, curve.right, most)
        step = values[1] - values[0] if len(values) > 1 else 1.0
        numbers = [unwrapped(tick_text(value, step), style, 300.0) for value in values]
        places = [
            Words(number, axes.x(value) - number.width / 2, box.bottom + TICK_GAP * 0.5, CALM)
            for value, number in zip(values, numbers, strict=True)
        ]
        gaps = [second.x - first.x - first.block.width for first, second in pairwise(places)]
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
    narration: Sequence[str],
) -> None:
    """Dots at zeros and at turning points, in the order in which the narration speaks of them, with their
    coordinates where these stand free."""
    texts = [element for element in furniture if isinstance(element, Words)]
    strokes = [Stroke(line, ACCENT) for line in lines]
    for said in sorted(SAID_OF_FEATURES, key=lambda words: first_mention(words, narration)):
        group = [feature for feature in curve.features if said in FEATURE_WORDS[feature.name]]
        if group:
            board.step(said)
        for number, feature in enumerate(group):
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
    block = unwrapped(f"({_rounded(feature.x)}, {_rounded(feature.y)})", style, 300.0)
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
