"""Writes the script of a lesson."""

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
    checkpoint,
    comparison,
    definition,
    formula,
    graph,
    order,
    points,
)
from services.llm.extractive.too_little_content import TooLittleContent

DEFAULT_SECONDS = 75
# What the opening and the summary take of a lesson before they are written.
_FRAME_SECONDS = 21
_SHORTEST_BODY_SECONDS = 15
_GRAPH_SECONDS = 13
# A lesson may be longer than wanted by this share of it before other scenes are tried.
_TOLERATED = 0.06
_MOST_TRIES = 5
_STRUCTURES = frozenset(("comparison", "process", "timeline", "equation"))

_MAKERS = (definition, formula, order, comparison, checkpoint, points)


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
    """The objective and all scenes; with less between opening and summary while they last too long."""
    drafts = _drafts(material)
    room = max(_SHORTEST_BODY_SECONDS, seconds - _FRAME_SECONDS)
    tries: list[tuple[bool, float, int, str, list[SceneDraft]]] = []
    for _ in range(_MOST_TRIES):
        random = Random(f"{seed}|lesson")
        body = _body(material, drafts, room, random)
        if not body:
            break
        objective = frame.objective_of(material, body)
        scenes = [
            frame.opening(material, title, objective, body, random),
            *body,
            frame.summary(material, body),
        ]
        away = lasting(scenes, narrations(scenes, seconds)) - seconds
        tries.append((len(body) < FEWEST_SCENES, abs(away), len(tries), objective, scenes))
        if away <= _TOLERATED * seconds:
            break
        room -= max(away, 2.0)
    if not tries:
        raise TooLittleContent("the text explains nothing that a scene can show")
    *_, objective, scenes = min(tries, key=lambda found: found[:3])
    return objective, scenes


def _body(
    material: Material, drafts: Sequence[SceneDraft], seconds: float, random: Random
) -> list[SceneDraft]:
    """The scenes between the opening and the summary.

    Where none of them shows how things belong together, room is made for a graph of what they teach.
    """
    body = chosen(material, drafts, seconds, random)
    if any(scene.kind in _STRUCTURES for scene in body) or not material.analysis.language.is_english:
        return body
    shorter = chosen(material, drafts, seconds - _GRAPH_SECONDS, random)
    names = frozenset(material.shop.reading.terms[term].concept for term in frame.taught_terms(shorter))
    drawn = graph.draft(material, names)
    if drawn is None:
        return body
    questions = [scene for scene in shorter if scene.kind == "checkpoint"]
    return [*(scene for scene in shorter if scene.kind != "checkpoint"), drawn, *questions]


def _drafts(material: Material) -> list[SceneDraft]:
    """Everything that could be shown; whole sentences only where nothing is explained, or not in English."""
    if material.analysis.language.is_english:
        drafts = [scene for maker in _MAKERS for scene in maker.draft(material)]
        if sum(scene.kind != "checkpoint" for scene in drafts) >= 3:
            return drafts
        return [*drafts, *points.draft_plain(material)]
    return list(points.draft_plain(material))
