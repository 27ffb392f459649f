"""Lessons of the sample chapter: as long as wanted when rendered, worded well, whole points on the screen."""

from functools import cache
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1.llm_service_pb2 import WriteScriptRequest
from mootion.video.v1.script_pb2 import LessonScript

from services.llm.extractive.lesson import write_script
from tests.unit.llm.questions.chapters import cells, markets, volcanoes
from workers.documents.sandbox import read_document
from workers.render.geometry import check_storyboard
from workers.render.layout import lay_out
from workers.render.scene import narration
from workers.render.timeline import plan
from workers.render.voice import EspeakVoice

SAMPLE = Path(__file__).parents[4] / "examples" / "waves-and-sound.docx"


@cache
def sample() -> list[Passage]:
    return list(read_document(SAMPLE, SAMPLE.name, "waves").passages)


def lesson(passages: list[Passage], seconds: int, **fields: object) -> LessonScript:
    duration = Duration(seconds=seconds)
    return write_script(WriteScriptRequest(passages=passages, target_duration=duration, **fields))  # type: ignore[arg-type]


def said(script: LessonScript) -> str:
    return " ".join(sentence for scene in script.scenes for sentence in scene.narration)


def real_seconds(script: LessonScript) -> float:
    """As the renderer plans it; a rendered part lasts exactly as long as its plan."""
    return sum(
        plan(lay_out(scene, "en").steps, EspeakVoice().say(narration(scene), "en")).duration
        for scene in script.scenes
    )


@pytest.mark.parametrize("chapter", [sample, volcanoes, markets, cells], ids=lambda c: str(c.__name__))
@pytest.mark.parametrize("seconds", [60, 90])
def test_the_rendered_lesson_lasts_as_long_as_wanted_within_15_percent(chapter: object, seconds: int) -> None:
    script = lesson(chapter(), seconds)  # type: ignore[operator]
    assert real_seconds(script) == pytest.approx(seconds, rel=0.15)


def test_names_keep_their_capitals_inside_a_sentence() -> None:
    script = lesson(sample(), 60, topic="The Doppler Effect and Shock Waves")
    assert "In this lesson on the Doppler effect and shock waves" in said(script)


def test_the_hook_asks_for_what_the_topic_names() -> None:
    script = lesson(sample(), 60, topic="resonance", seed=14)
    assert script.scenes[0].narration[0] == "Have you ever wondered what resonance really is?"


def test_a_summary_of_few_points_gives_every_meaning_as_the_lesson_did() -> None:
    compared = 0
    for topic in ("resonance", "interference", "sound", "energy"):
        script = lesson(sample(), 60, topic=topic)
        shown = {s.definition.term: s.definition.meaning for s in script.scenes if s.HasField("definition")}
        points = dict(point.split(": ", 1) for point in script.scenes[-1].bullets.points)
        assert points.keys() >= shown.keys() or len(points) > 3
        for term in shown.keys() & points.keys() if len(points) <= 3 else ():
            if len(shown[term].split()) <= 22:
                assert points[term].lower() == shown[term].rstrip(".").lower()
                compared += 1
    assert compared


def test_a_text_without_terms_is_summed_up_without_claiming_any() -> None:
    passages = [p for p in sample() if any("History" in title for title in p.section_path)]
    script = lesson(passages, 75)
    assert "what a short history" not in said(script)
    assert "These are the points to keep in mind." in script.scenes[-1].narration


@pytest.mark.parametrize("topic", ["sound", "resonance", "intensity", "interference"])
def test_a_graph_shows_ideas_and_no_people_or_symbols(topic: str) -> None:
    for seed in range(3):
        for scene in lesson(sample(), 75, topic=topic, seed=seed).scenes:
            for node in scene.graph.nodes:
                assert not any(word[:1].isupper() for word in node.label.split()[1:]), node.label
                assert not any(letter.isnumeric() for letter in node.label), node.label


def test_a_result_that_is_rounded_says_so_and_an_exact_one_does_not() -> None:
    results = set()
    sections = ("Describing a Wave", "The Nature of Waves")
    for section in sections:
        passages = [passage for passage in sample() if section in passage.section_path]
        for scene in lesson(passages, 120).scenes:
            if scene.HasField("worked_example"):
                rounded = "≈" in scene.worked_example.result
                assert rounded == ("about" in scene.narration[-1])
                results.add(scene.worked_example.result)
    assert results
    assert not results & {"λ ≈ 0.5", "v ≈ 6"}


@pytest.mark.parametrize("seconds", [45, 60, 75, 90])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_lesson_has_five_to_twelve_scenes_between_opening_and_summary(seconds: int, seed: int) -> None:
    script = lesson(sample(), seconds, seed=seed)
    assert 5 <= len(script.scenes) - 2 <= 12


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ("A Short History of Sound", "timeline"),
        ("Sound Waves", "comparison"),
        ("Pitch, Loudness and Sound Level", "comparison"),
        ("Sound Waves", "process"),
        ("Describing a Wave", "worked_example"),
        ("Describing a Wave", "plot"),
        ("Standing Waves and Resonance", "graph"),
        ("Standing Waves and Resonance", "checkpoint"),
    ],
)
def test_each_kind_of_scene_comes_where_the_text_has_the_matter_for_it(section: str, kind: str) -> None:
    passages = [passage for passage in sample() if section in passage.section_path]
    scripts = [lesson(passages, seconds) for seconds in (90, 180)]
    assert any(scene.HasField(kind) for script in scripts for scene in script.scenes)  # type: ignore[arg-type]


def test_no_picture_of_a_lesson_has_a_fault() -> None:
    for scene in lesson(sample(), 90, seed=2).scenes:
        assert not check_storyboard(lay_out(scene, "en")), scene.title
