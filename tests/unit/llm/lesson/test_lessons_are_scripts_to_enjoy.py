"""Scripts of chapters: valid, of the wanted length, spoken for the ear, short on the screen, quoted from the text."""

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import protovalidate
import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import given, settings
from hypothesis import strategies as st
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1.llm_service_pb2 import WriteScriptRequest
from mootion.video.v1.script_pb2 import LessonScript, Scene

from services.llm.extractive.lesson import write_script
from services.llm.extractive.lesson.scene_draft import SILENT_SECONDS
from services.llm.extractive.lesson.speech import seconds_of
from services.llm.extractive.questions.wording import word_count
from services.llm.extractive.too_little_content import TooLittleContent
from tests.unit.llm.questions.chapters import cells, markets, passages_of, volcanoes

ROOT = Path(__file__).parents[4]
CHAPTERS = pytest.mark.parametrize(
    "chapter", [volcanoes, markets, cells], ids=lambda chapter: chapter.__name__
)
TEXTS = st.text(max_size=400) | st.lists(
    st.sampled_from(
        "A wave is the disturbance that carries energy . , ; ( ) = 3 λ In 1905 1. First then \n because such as “ ” "
        "water is called mixture and salt".split(" ")
    ),
    max_size=120,
).map(" ".join)
PASSAGES = st.lists(
    st.builds(Passage, text=TEXTS, section_path=st.lists(st.text(max_size=15), max_size=2)),
    min_size=1,
    max_size=4,
)


def lesson(passages: list[Passage], seconds: int = 75, **fields: object) -> LessonScript:
    duration = Duration(seconds=seconds)
    return write_script(WriteScriptRequest(passages=passages, target_duration=duration, **fields))  # type: ignore[arg-type]


def kinds(script: LessonScript) -> list[str]:
    return [str(scene.WhichOneof("content")) for scene in script.scenes]


def spoken_seconds(script: LessonScript) -> float:
    silent = sum(SILENT_SECONDS.get(kind, 0.0) for kind in kinds(script))
    return sum(seconds_of(scene.narration) for scene in script.scenes) + silent


def shown(scene: Scene) -> list[str]:
    if scene.HasField("bullets"):
        return list(scene.bullets.points)
    if scene.HasField("process"):
        return list(scene.process.steps)
    if scene.HasField("timeline"):
        return [event.what for event in scene.timeline.events]
    if scene.HasField("comparison"):
        return [point for column in scene.comparison.columns for point in column.points]
    return []


@CHAPTERS
@pytest.mark.parametrize("seconds", [60, 75, 90])
def test_a_lesson_lasts_as_long_as_wanted_within_a_seventh(chapter: object, seconds: int) -> None:
    script = lesson(chapter(), seconds)  # type: ignore[operator]
    assert spoken_seconds(script) == pytest.approx(seconds, rel=0.15)
    assert 5 <= len(script.scenes) - 2 <= 12


@CHAPTERS
def test_a_lesson_opens_with_a_hook_and_its_objective_and_ends_with_a_summary(chapter: object) -> None:
    script = lesson(chapter())  # type: ignore[operator]
    protovalidate.validate(script)
    assert kinds(script)[0] == "title_card" and script.scenes[-1].title == "Summary"
    assert script.scenes[0].narration[0].endswith("?")
    assert "you will learn what" in script.scenes[0].narration[1]
    assert script.objective.startswith("Explain what") and script.objective.endswith(".")


@CHAPTERS
def test_narration_is_for_the_ear(chapter: object) -> None:
    script = lesson(chapter(), 150)  # type: ignore[operator]
    for sentence in (sentence for scene in script.scenes for sentence in scene.narration):
        assert sentence[0].isupper() and sentence[-1] in ".?!"
        assert not re.search(r"[()\[\]{}=×°λμ“”—–;]|\d/\d|Figure|Table", sentence), sentence
        assert word_count(sentence) <= 45


@CHAPTERS
def test_what_is_shown_is_short_and_ends_with_a_whole_phrase(chapter: object) -> None:
    script = lesson(chapter(), 200)  # type: ignore[operator]
    texts = [text for scene in script.scenes for text in shown(scene)]
    assert texts
    for text in texts:
        assert word_count(text) <= (26 if text in shown(script.scenes[-1]) else 16), text
        assert not re.search(r"\b(?:the|a|an|of|that|which|through|and|is|to|with)$", text), text


@CHAPTERS
def test_every_citation_is_verbatim_and_every_explaining_scene_has_one(chapter: object) -> None:
    passages = {passage.passage_id: passage for passage in chapter()}  # type: ignore[operator]
    script = lesson(list(passages.values()))
    for scene in script.scenes[1:-1]:
        assert scene.citations, scene.title
    for citation in (citation for scene in script.scenes for citation in scene.citations):
        assert passages[citation.passage_id].text[citation.start_char : citation.end_char] == citation.quote


@CHAPTERS
@pytest.mark.parametrize("seconds", [60, 120])
def test_most_of_what_is_said_does_not_stand_on_the_slide(chapter: object, seconds: int) -> None:
    """Of three words in a row that are said, few are shown: the mean of a lesson, and no scene is a copy."""
    shares = [copied(scene) for scene in lesson(chapter(), seconds).scenes]  # type: ignore[operator]
    assert sum(shares) / len(shares) < 0.5
    assert max(shares) < 0.9


def copied(scene: Scene) -> float:
    """The share of three words in a row that are both said and shown."""
    content = getattr(scene, str(scene.WhichOneof("content")))
    texts = [str(value) for _, value in content.ListFields()]
    on_slide = trigrams(" ".join([scene.title, *texts]))
    said = [t for sentence in scene.narration for t in trigrams(sentence)]
    return sum(t in on_slide for t in said) / max(1, len(said))


def trigrams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[^\W_]+", text.lower())
    return set(zip(words, words[1:], words[2:], strict=False))


def test_narration_does_not_read_the_slide() -> None:
    script = lesson(volcanoes(), 150)
    for scene in script.scenes:
        if scene.HasField("process"):
            assert scene.narration[0].startswith("Here is how it goes")
            assert scene.narration[1].startswith("First,") and scene.narration[-1].startswith("Finally,")
        if scene.HasField("definition"):
            assert scene.narration[0].rstrip("?.") not in (scene.definition.term, scene.definition.meaning)


def test_a_formula_is_shown_as_latex_and_said_in_words() -> None:
    script = lesson(volcanoes())
    scene = next(scene for scene in script.scenes if scene.HasField("equation"))
    assert scene.equation.latex == "Q = w d v"
    assert [(s.latex, s.meaning) for s in scene.equation.symbols][1] == ("w", "width of the stream")
    assert "Q equals w times d times v." in scene.narration


def test_a_worked_example_is_right() -> None:
    script = lesson(volcanoes(), 120)
    scene = next(scene for scene in script.scenes if scene.HasField("worked_example"))
    values = [int(value) for value in re.findall(r"= (\d+)", scene.worked_example.problem)]
    assert scene.worked_example.result == f"Q = {values[0] * values[1] * values[2]}"


def test_a_formula_with_one_symbol_is_drawn_where_it_is_finite() -> None:
    text = (
        "# Waves\nA wave is a disturbance that carries energy from place to place. The period is the time in which "
        "one vibration takes place. The frequency is the number of vibrations in one second. "
        "The period follows from T = 1/f. Here T is the period in seconds and f is the frequency in hertz. "
        "A crest is the highest point of a wave. A trough is the lowest point of a wave."
    )
    script = lesson(passages_of(text, "waves"), 90)
    plot = next(scene for scene in script.scenes if scene.HasField("plot")).plot
    assert plot.expression == "1/x" and 0 < plot.x_min < plot.x_max
    assert plot.x_label.startswith("frequency") and plot.y_label.startswith("period")
    said = next(scene for scene in script.scenes if scene.HasField("plot")).narration
    assert "As f grows, T falls, first quickly and then more slowly." in said


def test_dates_make_a_line_of_time_in_order() -> None:
    history = [passage for passage in volcanoes() if passage.section_path[-1] == "The Record of Eruptions"]
    script = lesson([*volcanoes()[:1], *history], 120, topic="eruptions and lava")
    events = next(scene for scene in script.scenes if scene.HasField("timeline")).timeline.events
    assert [event.when for event in events] == ["1783", "1815", "1883", "1980"]


def test_a_question_has_its_answer_among_the_options_and_comes_after_the_explanation() -> None:
    script = lesson(cells())
    position = kinds(script).index("checkpoint")
    checkpoint = script.scenes[position].checkpoint
    assert 2 <= len(checkpoint.options) <= 6
    assert checkpoint.options[checkpoint.answer_index] == checkpoint.answer
    taught = [
        scene.definition.term.lower() for scene in script.scenes[:position] if scene.HasField("definition")
    ]
    compared = [
        column.heading.lower()
        for scene in script.scenes[:position]
        if scene.HasField("comparison")
        for column in scene.comparison.columns
    ]
    assert checkpoint.answer.lower() in taught + compared


def test_definitions_come_in_the_order_of_learning() -> None:
    terms = [s.definition.term for s in lesson(cells(), 150).scenes if s.HasField("definition")]
    assert "Organelle" in terms
    assert all(
        terms.index("Organelle") <= terms.index(other)
        for other in terms
        if other in ("Nucleus", "Mitochondrion")
    )


def test_a_topic_is_taught_from_what_the_passages_say_on_it() -> None:
    script = lesson([*volcanoes(), *markets(), *cells()], topic="price ceilings")
    assert script.title == "Price ceilings"
    assert {c.document_id for scene in script.scenes for c in scene.citations} == {"markets"}


@pytest.mark.parametrize("topic", ["photosynthesis of whales", "of the", "§"])
def test_a_topic_that_the_passages_do_not_teach_is_refused(topic: str) -> None:
    with pytest.raises(TooLittleContent, match=r"topic|passage"):
        lesson(markets(), topic=topic)


def test_too_little_text_is_refused_and_says_how_much_there_is() -> None:
    with pytest.raises(TooLittleContent, match="holds 4 words"):
        lesson([Passage(passage_id="p", text="A wave carries energy.")])


def test_other_languages_show_whole_sentences_and_say_them() -> None:
    sentence = "Die Zelle ist die kleinste Einheit des Lebens und kann sich auch teilen."
    passages = [
        Passage(passage_id="p", document_id="d", text=" ".join([sentence] * 8), section_path=["Die Zelle"])
    ]
    script = lesson(passages, language="de")
    assert script.language == "de"
    assert set(kinds(script)[1:]) == {"bullets"}


@settings(max_examples=60, deadline=None)
@given(
    PASSAGES,
    st.integers(0, 2),
    st.sampled_from(["", "en", "de", "zh"]),
    st.sampled_from(["", "wave", "salt and water"]),
)
def test_arbitrary_passages_give_a_valid_script_or_are_refused(
    passages: list[Passage], seed: int, language: str, topic: str
) -> None:
    for i, passage in enumerate(passages):
        passage.passage_id = f"p{i}"
    try:
        script = lesson(passages, seed=seed, language=language, topic=topic)
    except TooLittleContent:
        return
    protovalidate.validate(script)
    assert all(scene.scene_id and scene.narration for scene in script.scenes)


def test_the_seed_chooses_and_scene_ids_follow_the_content() -> None:
    one, same, other = lesson(cells(), seed=1), lesson(cells(), seed=1), lesson(cells(), seed=4)
    assert digest(one) == digest(same) != digest(other)
    ids = {scene.scene_id: scene for scene in one.scenes}
    assert len(ids) == len(one.scenes)
    assert all(ids[scene.scene_id] == scene for scene in other.scenes if scene.scene_id in ids)


def test_the_bytes_do_not_depend_on_the_process() -> None:
    program = (
        "from tests.unit.llm.lesson.test_lessons_are_scripts_to_enjoy import digest, lesson\n"
        "from tests.unit.llm.questions.chapters import volcanoes\n"
        "print(digest(lesson(volcanoes(), seed=3)))"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert digests == {digest(lesson(volcanoes(), seed=3))}


def digest(script: LessonScript) -> str:
    return sha256(script.SerializeToString(deterministic=True)).hexdigest()
