"""From a scene to a storyboard that passes the geometry check."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mootion.video.v1 import script_pb2

from workers.render.errors import SceneUnlayableError
from workers.render.geometry import Fault, check_storyboard
from workers.render.kinds import (
    bullets,
    checkpoint,
    code,
    comparison,
    definition,
    equation,
    graph,
    plot,
    process,
    timeline,
    title_card,
    worked_example,
)
from workers.render.kinds.attempt import Attempt
from workers.render.prepare import prepared
from workers.render.storyboard import DoesNotFitError, Storyboard

KINDS: dict[str, Callable[[script_pb2.Scene, str], Iterator[Attempt]]] = {
    "title_card": title_card.attempts,
    "bullets": bullets.attempts,
    "definition": definition.attempts,
    "equation": equation.attempts,
    "plot": plot.attempts,
    "graph": graph.attempts,
    "process": process.attempts,
    "comparison": comparison.attempts,
    "timeline": timeline.attempts,
    "code": code.attempts,
    "worked_example": worked_example.attempts,
    "checkpoint": checkpoint.attempts,
}


def lay_out(scene: script_pb2.Scene, language: str = "en") -> Storyboard:
    """The first layout of `scene` that has room for everything and no fault of geometry.

    Raises SceneInvalidError for a scene that cannot be shown at all, ScriptNotCoveredError when a font is missing, and
    SceneUnlayableError when every layout has faults; its message names the first.
    """
    ready, notes = prepared(scene)
    kind = ready.WhichOneof("content") or ""
    faults: list[Fault] = []
    for attempt in KINDS[kind](ready, language):
        try:
            board = attempt()
        except DoesNotFitError:
            continue
        faults = check_storyboard(board)
        if not faults:
            board.notes[:0] = notes
            return board
    first = f"{faults[0].kind.value}: {faults[0].what} ({faults[0].detail})" if faults else "it has no room"
    raise SceneUnlayableError(f"no layout of this {kind.replace('_', ' ')} scene passes: {first}")
