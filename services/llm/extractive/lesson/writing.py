"""Writes the script of a lesson."""

from random import Random

from mootion.llm.v1.llm_service_pb2 import WriteScriptRequest
from mootion.video.v1.script_pb2 import LessonScript

from services.llm.extractive.language import DEFAULT_LANGUAGE
from services.llm.extractive.lesson import frame
from services.llm.extractive.lesson.content import TooLittleContent
from services.llm.extractive.lesson.material import Material, material_of
from services.llm.extractive.lesson.planning import chosen, narrations
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

DEFAULT_SECONDS = 75
# What the opening and the summary take of a lesson before they are written.
_FRAME_SECONDS = 21
_SHORTEST_BODY_SECONDS = 15
_GRAPH_SECONDS = 13
_STRUCTURES = frozenset(("comparison", "process", "timeline", "equation"))

_MAKERS = (definition, formula, order, comparison, checkpoint, points)


def write_script(request: WriteScriptRequest) -> LessonScript:
    """A lesson on the passages, or on what they say about the topic; the same request gives the same script.

    Lasts about the wanted duration (default 75 s) at 155 words a minute where the text holds enough. Raises
    TooLittleContent where the text, or what it says on the topic, is too little to teach.
    """
    material = material_of(request)
    random = Random(f"{request.seed}|lesson")
    seconds = request.target_duration.ToTimedelta().total_seconds() or DEFAULT_SECONDS
    body = _body(material, max(_SHORTEST_BODY_SECONDS, seconds - _FRAME_SECONDS), random)
    if not body:
        raise TooLittleContent("the text explains nothing that a scene can show")
    title = frame.title_of(request, material)
    objective = frame.objective_of(material, body)
    scenes = [frame.opening(material, title, objective, body, random), *body, frame.summary(material, body)]
    return LessonScript(
        title=title,
        objective=objective,
        scenes=[
            scene.finished(said) for scene, said in zip(scenes, narrations(scenes, seconds), strict=True)
        ],
        language=request.language or DEFAULT_LANGUAGE,
    )


def _body(material: Material, seconds: float, random: Random) -> list[SceneDraft]:
    """The scenes between the opening and the summary.

    Where none of them shows how things belong together, room is made for a graph of what they teach.
    """
    drafts = _drafts(material)
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
