"""Elements of a picture as Manim's vectorised objects. Manim is imported here and in `layers`' user only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from manim import Circle, RoundedRectangle, VMobject
from manim.constants import CapStyleType, LineJointType

from workers.render.box import Box
from workers.render.elements import ARROW_HEAD, Disc, Element, Panel, Point, Stroke, Symbols, Words
from workers.render.frame import HEIGHT, WIDTH
from workers.render.pango import Outline

POINTS_PER_UNIT = 60.0
"""Picture points for one of Manim's units; the picture is 8 units high."""

STROKE_UNIT = 0.01 * POINTS_PER_UNIT
"""Points of line width for a Manim stroke width of 1."""

Vectors = npt.NDArray[np.float64]


def to_units(points: Vectors | Sequence[Point]) -> Vectors:
    """Picture points as Manim's coordinates: from the middle, y upwards."""
    flat = np.asarray(points, dtype=np.float64)
    units = np.zeros((len(flat), 3))
    units[:, 0] = (flat[:, 0] - WIDTH / 2) / POINTS_PER_UNIT
    units[:, 1] = (HEIGHT / 2 - flat[:, 1]) / POINTS_PER_UNIT
    return units


def to_points(units: Vectors) -> Vectors:
    """Manim's coordinates as picture points."""
    return np.stack(
        (units[:, 0] * POINTS_PER_UNIT + WIDTH / 2, HEIGHT / 2 - units[:, 1] * POINTS_PER_UNIT), axis=1
    )


def build(element: Element) -> list[VMobject]:
    """The objects that draw `element`, from back to front."""
    match element:
        case Words(block=block, x=x, y=y, colour=colour):
            return [
                _filled(outline + np.array((x, y)), colour) for outline in block.outlines() if outline.size
            ]
        case Symbols(formula=formula, x=x, y=y, colour=colour):
            return [
                _filled(outline + np.array((x, y)), colour) for outline in formula.outlines() if outline.size
            ]
        case Panel():
            return [_panel(element)]
        case Stroke():
            return drawn_stroke(element, 1.0)
        case Disc(centre=centre, radius=radius, fill=fill):
            disc = Circle(radius / POINTS_PER_UNIT, stroke_width=0, fill_color=fill, fill_opacity=1)
            return [disc.move_to(to_units([centre])[0])]


def _filled(outline: Outline, colour: str) -> VMobject:
    shape = VMobject(stroke_width=0, fill_color=colour, fill_opacity=1)
    shape.points = to_units(outline)
    return shape


def _panel(panel: Panel) -> VMobject:
    box, radius = panel.box, min(panel.radius, panel.box.width / 2, panel.box.height / 2)
    shape = RoundedRectangle(
        corner_radius=radius / POINTS_PER_UNIT,
        width=box.width / POINTS_PER_UNIT,
        height=box.height / POINTS_PER_UNIT,
        stroke_width=panel.border_width / STROKE_UNIT if panel.border else 0,
        stroke_color=panel.border or panel.fill,
        fill_color=panel.fill,
        fill_opacity=1 if panel.fill else 0,
    )
    shape.move_to(to_units([box.centre])[0])
    return shape


def drawn_stroke(stroke: Stroke, part: float) -> list[VMobject]:
    """The first `part`, from 0 to 1, of a line, with its arrow's head at the end."""
    points = to_units(stroke.points)
    if stroke.arrow:
        points = _shortened(points)
    line = VMobject(stroke_width=stroke.width / STROKE_UNIT, stroke_color=stroke.colour)
    line.joint_type, line.cap_style = LineJointType.ROUND, CapStyleType.ROUND
    line.set_points_as_corners(points)
    if part < 1.0:
        whole = line.copy()
        line.pointwise_become_partial(whole, 0.0, max(part, 1e-3))
    if not stroke.arrow:
        return [line]
    return [line, _arrow_head(line, stroke.colour)]


def _shortened(points: Vectors) -> Vectors:
    """The line without its last piece, where the arrow's head stands."""
    last = points[-1] - points[-2]
    length = float(np.linalg.norm(last)) or 1e-6
    kept = points.copy()
    kept[-1] = points[-2] + last * max(0.02, 1 - 0.8 * ARROW_HEAD / POINTS_PER_UNIT / length)
    return kept


def _arrow_head(line: VMobject, colour: str) -> VMobject:
    end, before = line.points[-1], line.points[-2]
    along = end - before
    length = float(np.linalg.norm(along))
    along = along / length if length else np.array((1.0, 0.0, 0.0))
    across = np.array((-along[1], along[0], 0.0))
    size = ARROW_HEAD / POINTS_PER_UNIT
    base, tip = end - 0.2 * size * along, end + 0.8 * size * along
    head = VMobject(stroke_width=0, fill_color=colour, fill_opacity=1)
    head.set_points_as_corners([tip, base + across * size * 0.5, base - across * size * 0.5, tip])
    return head


def extent(objects: Sequence[VMobject]) -> Box | None:
    """The rectangle around what the objects draw, in picture points, line widths included; None when empty."""
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    for drawn in objects:
        if len(drawn.points):
            points = to_points(drawn.points)
            margin = float(drawn.get_stroke_width()) * STROKE_UNIT / 2
            low = np.minimum(low, points.min(axis=0) - margin)
            high = np.maximum(high, points.max(axis=0) + margin)
    if not np.isfinite(low).all():
        return None
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
