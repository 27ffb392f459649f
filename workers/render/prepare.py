"""A scene made ready for the picture: every text cleaned, letters without a font left out."""

from __future__ import annotations

from google.protobuf.message import Message
from mootion.video.v1 import script_pb2

from workers.render.cleaning import clean
from workers.render.errors import SceneInvalidError
from workers.render.fonts import without_uncovered

UNCOVERED = "letters without a font are left out: "
VERBATIM = frozenset(["scene_id", "key", "source_key", "target_key", "language", "narration"])
"""Fields that are not shown."""


def prepared(scene: script_pb2.Scene) -> tuple[script_pb2.Scene, list[str]]:
    """A copy of `scene` to lay out, and notes on what was left out.

    Raises ScriptNotCoveredError when no font shows the scene's script, SceneInvalidError when nothing is left to show.
    """
    ready = script_pb2.Scene()
    ready.CopyFrom(scene)
    del ready.citations[:]
    missing: set[str] = set()
    _clean_fields(ready, missing)
    _drop_empty(ready)
    notes = [UNCOVERED + " ".join(f"U+{ord(letter):04X}" for letter in sorted(missing))] if missing else []
    return ready, notes


def _clean_fields(message: Message, missing: set[str]) -> None:
    for field, value in message.ListFields():
        if field.name in VERBATIM:
            continue
        if field.type == field.TYPE_MESSAGE:
            for child in value if field.is_repeated else [value]:
                _clean_fields(child, missing)
        elif field.type == field.TYPE_STRING and field.is_repeated:
            value[:] = [_shown(text, missing, False) for text in value]
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, _shown(value, missing, field.name == "source"))


def _shown(text: str, missing: set[str], keep_lines: bool) -> str:
    kept, lost = without_uncovered(clean(text, keep_lines))
    missing.update(lost)
    return kept if keep_lines else kept.strip()


def _drop_empty(scene: script_pb2.Scene) -> None:
    """Removes points, steps and events that say nothing. Raises SceneInvalidError when none is left."""
    kind = scene.WhichOneof("content")
    match kind:
        case "bullets":
            _keep_full(scene.bullets.points)
        case "process":
            _keep_full(scene.process.steps)
        case "worked_example":
            _keep_full(scene.worked_example.steps)
        case "timeline":
            events = [event for event in scene.timeline.events if event.when or event.what]
            del scene.timeline.events[:]
            scene.timeline.events.extend(events)
    required = {
        "bullets": list(scene.bullets.points), "process": list(scene.process.steps),
        "timeline": list(scene.timeline.events), "code": scene.code.source.strip(),
        "definition": scene.definition.term and scene.definition.meaning,
        "equation": scene.equation.latex, "graph": list(scene.graph.nodes),
        "comparison": len(scene.comparison.columns) >= 2, "checkpoint": scene.checkpoint.question,
        "worked_example": scene.worked_example.problem, "plot": scene.plot.expression,
        "title_card": scene.title or scene.title_card.subtitle,
    }  # fmt: skip
    if kind is None or not required[kind]:
        raise SceneInvalidError(f"the scene has no {(kind or 'content').replace('_', ' ')} to show")


def _keep_full(texts: object) -> None:
    """Drops empty texts of a repeated field in place."""
    texts[:] = [text for text in texts if text]  # type: ignore[index,attr-defined]
