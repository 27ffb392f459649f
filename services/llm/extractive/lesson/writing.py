"""Writes the script of a lesson."""

import math
from collections.abc import Sequence
from random import Random

from mootion.llm.v1.llm_service_pb2 import WriteScriptRequest
from mootion.video.v1.script_pb2 import LessonScript

from services.llm.extractive.language import DEFAULT_LANGUAGE
from services.llm.extractive.lesson import frame
from services.llm.extractive.lesson.material import Material, material_of
from services.llm.extractive.lesson.planning import FEWEST_SCENES, chosen, lasting, narrations
from services.llm.extractive.lesson.scene_draft import SceneDraft
from services.llm.extractive.lesson.scenes import (
    case,
    checkpoint,
    comparison,
    contrast,
    definition,
    formula,
    graph,
    order,
    plot,
    points,
    table,
)
from services.llm.extractive.too_little_content import TooLittleContent

DEFAULT_SECONDS = 75
# What the opening and the summary take of a lesson before they are written.
_FRAME_SECONDS = 17
_SHORTEST_BODY_SECONDS = 15
# A shorter lesson opens with fewer words.
_SHORT_SECONDS = 55
# A lesson may be away from the wanted length by this share of it before other scenes are tried.
_TOLERATED = 0.05
# Where a lesson is further away than this, one with fewer scenes is better.
_TOO_FAR = 0.13
_MOST_TRIES = 7
# What a lesson of too few scenes gets on top, in seconds.
_ROOM_FOR_ANOTHER = 3.0
# With fewer things to show, plain sentences are shown as well.
_MANY_DRAFTS = 12

_MAKERS = (definition, formula, plot, case, order, comparison, contrast, table, checkpoint, points)


def write_script(request: WriteScriptRequest) -> LessonScript:
    """A lesson on the passages, or on what they say about the topic; the same request gives the same script.

    Lasts about the wanted duration (default 75 s) with the built-in voice where the text holds enough. Raises
    TooLittleContent where the text, or what it says on the topic, is too little to teach.
    """
    material = material_of(request)
    seconds = request.target_duration.ToTimedelta().total_seconds() or DEFAULT_SECONDS
    title = frame.title_of(request, material)
    objective, scenes = _fitting(material, title, seconds, request.seed)
    return LessonScript(
        title=title,
        objective=objective,
        scenes=[
            scene.finished(said) for scene, said in zip(scenes, narrations(scenes, seconds), strict=True)
        ],
        language=request.language or DEFAULT_LANGUAGE,
    )


def _fitting(material: Material, title: str, seconds: float, seed: int) -> tuple[str, list[SceneDraft]]:
    """The objective and all scenes; with less or more between opening and summary until they last long enough."""
    drafts = _drafts(material)
    room = max(_SHORTEST_BODY_SECONDS, seconds - _FRAME_SECONDS)
    tries: list[tuple[float, float, int, str, list[SceneDraft]]] = []
    for number in range(_MOST_TRIES):
        random = Random(f"{seed}|lesson")
        body = _body(material, drafts, room, random)
        if not body:
            break
        objective = frame.objective_of(material, body)
        scenes = [
            frame.opening(material, title, objective, body, random, seconds < _SHORT_SECONDS),
            *body,
            frame.summary(material, body),
        ]
        away = lasting(scenes, narrations(scenes, seconds)) - seconds
        missing = max(0, FEWEST_SCENES - len(body))
        far = abs(away) > _TOO_FAR * seconds
        tries.append((missing + far, abs(away), number, objective, scenes))
        if abs(away) <= _TOLERATED * seconds and not missing:
            break
        if missing and not far:
            room += _ROOM_FOR_ANOTHER
        else:
            room -= away if abs(away) > 2.0 else math.copysign(2.0, away)
    if not tries:
        raise TooLittleContent("the text explains nothing that a scene can show")
    *_, objective, scenes = min(tries, key=lambda found: found[:3])
    return objective, scenes


def _body(
    material: Material, drafts: Sequence[SceneDraft], seconds: float, random: Random
) -> list[SceneDraft]:
    """The scenes between the opening and the summary; a graph among them shows what the others teach."""
    body = chosen(material, drafts, seconds, random)
    taught = frozenset(material.shop.reading.terms[term].concept for term in frame.taught_terms(body))
    return [graph.draft(material, taught) or scene if scene.kind == "graph" else scene for scene in body]


def _drafts(material: Material) -> list[SceneDraft]:
    """Everything that could be shown; whole sentences only where little is explained, or not in English."""
    if not material.analysis.language.is_english:
        return list(points.draft_plain(material))
    drafts = [scene for maker in _MAKERS for scene in maker.draft(material)]
    drawn = graph.draft(material, frozenset(concept.name for concept in material.concepts))
    drafts += [drawn] if drawn is not None else []
    things = {(scene.kind, scene.anchor) for scene in drafts if scene.kind != "checkpoint"}
    if len(things) >= _MANY_DRAFTS:
        return drafts
    shown = {
        (c.passage_id, c.start_char) for scene in drafts if scene.kind != "graph" for c in scene.citations
    }
    plain = points.draft_plain(material)
    fresh = [s for s in plain if not any((c.passage_id, c.start_char) in shown for c in s.citations)]
    return [*drafts, *fresh]
