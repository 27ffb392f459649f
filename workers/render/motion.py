"""How an item looks at a moment: on its way in, at rest, or on its way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.render.storyboard import Item, Motion, Storyboard

DURATIONS = {Motion.FADE: 0.32, Motion.RISE: 0.44, Motion.DRAW: 0.72, Motion.WIPE: 0.6}
"""Seconds that each motion takes; a bar drains for as long as its step lasts."""

OUT = 0.24
"""Seconds in which a picture fades when the next one comes."""

DRAIN_PACE = 0.08
"""Seconds between two lengths of a bar that drains: every second picture, which looks the same and costs half."""

RISE_BY = 12.0
"""Points that a rising item comes from below."""


@dataclass(frozen=True)
class Look:
    """Opacity from 0 to 1, points it is shifted down, and how much of it is shown from the left or drawn."""

    opacity: float = 1.0
    shift: float = 0.0
    shown: float = 1.0
    drawn: float = 1.0


def look_at(item: Item, time: float, steps: Sequence[float], board: Storyboard) -> Look | None:
    """The item's look at `time` seconds; None while it is not to be seen."""
    begin = steps[item.enter] + item.delay + (OUT * 0.8 if _turns_page(item.enter, board) else 0.0)
    if time < begin:
        return None
    leaving = 0.0
    if item.leave is not None and time >= steps[item.leave]:
        leaving = (time - steps[item.leave]) / (DURATIONS[Motion.FADE] if item.replaced else OUT)
        if leaving >= 1.0:
            return None
    if item.motion is Motion.DRAIN:
        return _draining(time - begin, board.steps[item.enter].dwell, leaving)
    progress = min(1.0, (time - begin) / DURATIONS[item.motion])
    return _entering(item.motion, progress, 0.0 if item.replaced else leaving)


def _turns_page(step: int, board: Storyboard) -> bool:
    """Whether a picture fades out as `step` begins, so that what comes must wait for it."""
    return any(item.leave == step and not item.replaced for item in board.items)


def _entering(motion: Motion, progress: float, leaving: float) -> Look:
    eased = round(1 - (1 - progress) ** 3, 4)
    opacity = round(1.0 - leaving, 4)
    match motion:
        case Motion.DRAW:
            return Look(opacity=opacity, drawn=eased)
        case Motion.WIPE:
            return Look(opacity=opacity, shown=eased)
        case Motion.RISE:
            return Look(round(eased * opacity, 4), round(RISE_BY * (1 - eased), 3))
    return Look(round(eased * opacity, 4))


def _draining(elapsed: float, duration: float, leaving: float) -> Look:
    """A bar that is full at first and empty at the end."""
    left = max(0.0, 1 - (elapsed - elapsed % DRAIN_PACE) / duration)
    return Look(round(1.0 - leaving, 4), shown=round(left, 4))
