"""Whether a picture can be read: computed from the objects themselves, at the end of each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations, pairwise

from workers.render.box import Box
from workers.render.elements import Disc, Element, Panel, Point, Stroke, Symbols, Words
from workers.render.frame import MIN_CAP_HEIGHT, SAFE
from workers.render.palette import BACKGROUND, MIN_CONTRAST, contrast
from workers.render.storyboard import Storyboard

TOLERANCE = 0.75
"""Points that edges may touch each other by; less than a pixel at 480p."""


class FaultKind(Enum):
    """What can be wrong with a picture."""

    OVERLAP = "overlap"
    OUTSIDE = "outside the safe area"
    TOO_SMALL = "below the readable size"
    CROSSED = "crossed by a line"
    CUT = "crosses the edge of a panel"
    FAINT = "too little contrast"


@dataclass(frozen=True)
class Fault:
    """Something wrong: what kind, with which text, and by how much."""

    kind: FaultKind
    what: str
    detail: str


def check_storyboard(board: Storyboard) -> list[Fault]:
    """Faults at the end of any step, each once."""
    found: dict[Fault, None] = {}
    for step in range(len(board.steps)):
        found.update(dict.fromkeys(check_geometry(board.visible(step))))
    return list(found)


def check_geometry(objects: Sequence[Element]) -> list[Fault]:
    """Faults of the picture made of `objects`, given from back to front."""
    texts = [item for item in objects if isinstance(item, Words | Symbols) and item.ink.width > 0]
    panels = [item for item in objects if isinstance(item, Panel)]
    strokes = [item for item in objects if isinstance(item, Stroke)]
    faults = [fault for text in texts for fault in _text_faults(text, panels, strokes)]
    faults += [_outside(item) for item in objects if not SAFE.contains(item.ink, TOLERANCE)]
    for first, second in combinations(texts, 2):
        if _meet(first.ink, second.ink):
            faults.append(Fault(FaultKind.OVERLAP, name_of(first), f"with {name_of(second)}"))
    for one, other in combinations(panels, 2):
        if _meet(one.box, other.box) and not (
            one.box.contains(other.box, TOLERANCE) or other.box.contains(one.box, TOLERANCE)
        ):
            faults.append(Fault(FaultKind.OVERLAP, name_of(one), f"with {name_of(other)}"))
    return faults


def _text_faults(text: Words | Symbols, panels: list[Panel], strokes: list[Stroke]) -> list[Fault]:
    faults, ground = [], BACKGROUND
    if text.cap_height < MIN_CAP_HEIGHT - 0.01:
        detail = f"capitals of {text.cap_height:.1f} points, at least {MIN_CAP_HEIGHT:.0f}"
        faults.append(Fault(FaultKind.TOO_SMALL, name_of(text), detail))
    for panel in panels:
        if panel.box.contains(text.ink, TOLERANCE):
            ground = panel.fill or ground
        elif _meet(panel.box, text.ink):
            faults.append(Fault(FaultKind.CUT, name_of(text), f"of {name_of(panel)}"))
    if contrast(text.colour, ground) < MIN_CONTRAST:
        detail = f"{contrast(text.colour, ground):.1f} to 1, at least {MIN_CONTRAST} to 1"
        faults.append(Fault(FaultKind.FAINT, name_of(text), detail))
    if any(crosses(stroke, text.ink) for stroke in strokes if not stroke.decoration):
        faults.append(Fault(FaultKind.CROSSED, name_of(text), "a line runs through it"))
    return faults


def _outside(item: Element) -> Fault:
    ink = item.ink
    past = max(SAFE.x - ink.x, ink.right - SAFE.right, SAFE.y - ink.y, ink.bottom - SAFE.bottom)
    return Fault(FaultKind.OUTSIDE, name_of(item), f"by {past:.1f} points")


def _meet(first: Box, second: Box) -> bool:
    return min(first.overlap(second)) > TOLERANCE


def crosses(stroke: Stroke, box: Box) -> bool:
    """Whether any piece of `stroke` runs through `box`."""
    inner = box.inset(min(TOLERANCE, box.width / 3), min(TOLERANCE, box.height / 3))
    return any(_cuts(start, end, inner) for start, end in pairwise(stroke.points))


def _cuts(start: Point, end: Point, box: Box) -> bool:
    """Whether the segment from `start` to `end` has a point in `box`; Liang and Barsky's clipping."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    first, last = 0.0, 1.0
    for step, room in (
        (-dx, start[0] - box.x),
        (dx, box.right - start[0]),
        (-dy, start[1] - box.y),
        (dy, box.bottom - start[1]),
    ):
        if step == 0:
            if room < 0:
                return False
        elif step < 0:
            first = max(first, room / step)
        else:
            last = min(last, room / step)
    return first < last


def name_of(item: Element) -> str:
    """The item in a few words for a person."""
    match item:
        case Words(block=block):
            said = " ".join(line.text for line in block.lines)
            return f"text {said[:40]!r}"
        case Symbols(formula=formula):
            return f"formula {formula.latex_lines[0][:40]!r}"
        case Panel(box=box) | Stroke(ink=box) | Disc(ink=box):
            return f"{type(item).__name__.lower()} at {box.x:.0f}, {box.y:.0f}"
