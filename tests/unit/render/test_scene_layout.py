"""Every kind of scene is laid out without a fault, whatever its texts are, and shows all of them."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mootion.video.v1 import script_pb2 as script

from tests.unit.render.good_scenes import lesson
from workers.render.elements import Symbols, Words
from workers.render.errors import SceneError, SceneInvalidError, ScriptNotCoveredError
from workers.render.fonts import is_covered
from workers.render.geometry import check_storyboard
from workers.render.layout import KINDS, lay_out
from workers.render.mobjects import build, extent
from workers.render.storyboard import Storyboard

LESSON = lesson()


def shown(board: Storyboard) -> str:
    """All letters that any step shows, without spaces and the hyphens of broken words."""
    lines = [
        line.text
        for item in board.items
        if isinstance(item.element, Words)
        for line in item.element.block.lines
    ]
    return re.sub(r"[\s\u2010-]", "", "".join(lines))


def letters(text: str) -> str:
    return re.sub(r"[\s\u2010-]", "", text)


def test_there_is_a_layout_for_every_kind_of_the_contract() -> None:
    kinds = {field.name for field in script.Scene.DESCRIPTOR.oneofs_by_name["content"].fields}
    assert set(KINDS) == kinds == set(LESSON)


@pytest.mark.parametrize("kind", LESSON)
def test_a_plain_scene_needs_one_picture_and_no_note(kind: str) -> None:
    board = lay_out(LESSON[kind])
    assert check_storyboard(board) == []
    assert board.notes == []
    assert not [
        item for item in board.items if item.leave is not None and not item.replaced and item.level == 0
    ][1:]


@pytest.mark.parametrize("kind", LESSON)
def test_the_same_scene_is_laid_out_the_same_way(kind: str) -> None:
    first, second = lay_out(LESSON[kind]), lay_out(LESSON[kind])
    assert first.steps == second.steps
    assert [item.element for item in first.items] == [item.element for item in second.items]


@pytest.mark.parametrize("kind", LESSON)
def test_manim_draws_texts_where_they_were_measured(kind: str) -> None:
    for item in lay_out(LESSON[kind]).items:
        if isinstance(item.element, Words | Symbols):
            drawn = extent(build(item.element))
            assert drawn is not None
            assert item.element.ink.inset(-0.5).contains(drawn)
            assert drawn.inset(-0.5).contains(item.element.ink)


LETTERS = string.ascii_letters + string.digits + "     .,;:!?()-+=%äöüßéèñçøåαβγπλабвгд中文字学ابتث אבג→≤∑"
COVERED = "".join(letter for letter in LETTERS if is_covered(letter))
hostile = st.text(alphabet=COVERED, min_size=1, max_size=260).filter(lambda text: text.strip() != "")


@settings(max_examples=25, deadline=None)
@given(points=st.lists(hostile, min_size=1, max_size=24), title=hostile)
def test_bullets_of_any_text_fit_and_show_every_letter(points: list[str], title: str) -> None:
    board = lay_out(script.Scene(title=title, bullets=script.BulletsContent(points=points)))
    assert check_storyboard(board) == []
    for point in points:
        assert letters(point) in shown(board)


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(hostile, min_size=4, max_size=9), cyclic=st.booleans())
def test_processes_of_any_text_fit(texts: list[str], cyclic: bool) -> None:
    board = lay_out(script.Scene(title=texts[0], process=script.ProcessContent(steps=texts, cyclic=cyclic)))
    assert check_storyboard(board) == []
    assert all(letters(text) in shown(board) for text in texts)


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(hostile, min_size=6, max_size=6))
def test_comparisons_and_timelines_of_any_text_fit(texts: list[str]) -> None:
    columns = [script.ComparisonColumn(heading=texts[n], points=texts[n : n + 3]) for n in range(3)]
    events = [script.TimelineEvent(when=text[:60], what=text) for text in texts]
    comparison = script.Scene(title=texts[0], comparison=script.ComparisonContent(columns=columns))
    timeline = script.Scene(title=texts[0], timeline=script.TimelineContent(events=events))
    assert check_storyboard(lay_out(comparison)) == check_storyboard(lay_out(timeline)) == []


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(hostile, min_size=5, max_size=7))
def test_definitions_examples_and_checkpoints_of_any_text_fit(texts: list[str]) -> None:
    scenes = [
        script.Scene(
            title=texts[0],
            definition=script.DefinitionContent(term=texts[1], meaning=texts[2], example=texts[3]),
        ),
        script.Scene(
            title=texts[0],
            worked_example=script.WorkedExampleContent(problem=texts[1], steps=texts[2:], result=texts[0]),
        ),
        script.Scene(
            title=texts[0],
            checkpoint=script.CheckpointContent(
                question=texts[1], options=texts[2:], answer_index=1, answer=texts[0]
            ),
        ),
    ]
    for scene in scenes:
        assert check_storyboard(lay_out(scene)) == []


@settings(max_examples=15, deadline=None)
@given(
    labels=st.lists(hostile, min_size=1, max_size=20),
    ends=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30),
)
def test_graphs_of_any_shape_fit(labels: list[str], ends: list[tuple[int, int]]) -> None:
    nodes = [script.GraphContentNode(key=str(n), label=label[:200]) for n, label in enumerate(labels)]
    edges = [
        script.GraphContentEdge(source_key=str(a % len(labels)), target_key=str(b % len(labels)))
        for a, b in ends
    ]
    board = lay_out(script.Scene(title="A graph", graph=script.GraphContent(nodes=nodes, edges=edges)))
    assert check_storyboard(board) == []


def test_twenty_connected_concepts_are_drawn_and_not_listed() -> None:
    nodes = [script.GraphContentNode(key=str(n), label=f"Concept {n}") for n in range(20)]
    ends = [(n, n + 1) for n in range(0, 19, 2)] + [(n, n + 3) for n in range(0, 17, 3)]
    edges = [script.GraphContentEdge(source_key=str(a), target_key=str(b)) for a, b in ends]
    board = lay_out(script.Scene(title="A map", graph=script.GraphContent(nodes=nodes, edges=edges)))
    assert board.notes == []


def test_a_title_too_long_for_two_lines_gets_a_picture_of_its_own() -> None:
    title = "A very long title that goes on and on without ever coming to the point it wants to make " * 3
    board = lay_out(script.Scene(title=title, bullets=script.BulletsContent(points=["One point"])))
    assert letters(title) in shown(board)
    assert check_storyboard(board) == []


def test_right_to_left_text_is_aligned_to_the_right() -> None:
    board = lay_out(
        script.Scene(title="כותרת", bullets=script.BulletsContent(points=["נקודה ראשונה", "נקודה שנייה"]))
    )
    texts = [item.element for item in board.items if isinstance(item.element, Words)]
    assert all(words.ink.right > 600 for words in texts)


def test_an_unreadable_formula_is_shown_as_plain_text_with_a_note() -> None:
    board = lay_out(
        script.Scene(title="A formula", equation=script.EquationContent(latex=r"\unknown{x} = 1"))
    )
    assert r"\unknown{x}=1" in shown(board)
    assert board.notes[0].startswith("a formula is shown as plain text")


def test_a_wide_formula_is_broken_at_its_signs() -> None:
    latex = " + ".join(f"a_{{{n}}} x^{{{n}}}" for n in range(14)) + " = y"
    board = lay_out(script.Scene(title="Wide", equation=script.EquationContent(latex=latex)))
    formulas = [item.element for item in board.items if isinstance(item.element, Symbols)]
    assert len(formulas[0].formula.latex_lines) > 1
    assert board.notes == []


def test_a_letter_without_a_font_is_left_out_with_a_note() -> None:
    board = lay_out(
        script.Scene(title="A rune \U00013000 here", bullets=script.BulletsContent(points=["fine"]))
    )
    assert "Arunehere" in shown(board)
    assert board.notes == ["letters without a font are left out: U+13000"]


def test_a_script_without_a_font_is_refused_with_the_package_to_install() -> None:
    scene = script.Scene(title="ꦗꦮ", bullets=script.BulletsContent(points=["ꦧꦱꦗꦮ"]))
    with pytest.raises(ScriptNotCoveredError, match="install fonts-noto-core"):
        lay_out(scene)


@pytest.mark.parametrize(
    "scene",
    [
        script.Scene(title="no content"),
        script.Scene(bullets=script.BulletsContent(points=["", "  "])),
        script.Scene(plot=script.PlotContent(expression="x", x_min=1.0, x_max=1.0)),
        script.Scene(plot=script.PlotContent(expression="sqrt(x)", x_min=-3.0, x_max=-1.0)),
        script.Scene(
            graph=script.GraphContent(
                nodes=[script.GraphContentNode(key="a"), script.GraphContentNode(key="a")],
            )
        ),
        script.Scene(
            graph=script.GraphContent(
                nodes=[script.GraphContentNode(key="a", label="A")],
                edges=[script.GraphContentEdge(source_key="a", target_key="b")],
            )
        ),
    ],
)
def test_a_scene_that_says_nothing_is_refused_in_plain_words(scene: script.Scene) -> None:
    with pytest.raises(SceneInvalidError) as caught:
        lay_out(scene)
    assert isinstance(caught.value, SceneError)
    assert caught.value.message
