"""Steps are shown with the words that speak of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.render.frame import FRAME_RATE
from workers.render.storyboard import Step
from workers.render.timeline import LEAD_IN, assigned, plan
from workers.render.voice import SAMPLE_RATE, Utterance


def said(*texts: str, seconds: float = 3.0) -> list[Utterance]:
    return [Utterance(text, np.zeros(int(seconds * SAMPLE_RATE), np.float32), []) for text in texts]


def test_a_step_goes_with_the_sentence_that_names_it() -> None:
    steps = [Step("The plan"), Step("Chlorophyll absorbs light"), Step("Sugar is built")]
    sentences = [
        "Welcome to the plan.",
        "There is much to see.",
        "Chlorophyll absorbs it.",
        "Then sugar is built.",
    ]
    assert assigned(steps, sentences) == [0, 2, 3]


def test_steps_that_nothing_names_are_spread_evenly() -> None:
    steps = [Step(letter) for letter in "abcd"]
    assert assigned(steps, ["one", "two", "three", "four"]) == [0, 1, 2, 3]


def test_an_answer_is_never_shown_before_the_silence_ends() -> None:
    steps = [Step("question"), Step("", dwell=3.5, silent=True), Step("answer")]
    timeline = plan(steps, said("What is the question?", "It is the answer."))
    assert timeline.steps[1] >= timeline.sentences[0] + 3.0
    assert timeline.sentences[1] >= timeline.steps[1] + 3.5
    assert timeline.steps[2] >= timeline.steps[1] + 3.5


def test_with_one_sentence_the_answer_comes_after_it() -> None:
    steps = [Step("question"), Step("", dwell=3.5, silent=True), Step("answer")]
    timeline = plan(steps, said("What is the question?"))
    assert timeline.steps[2] >= timeline.sentences[0] + 3.0 + 3.5
    assert timeline.duration >= timeline.steps[2] + 1.0


def test_a_scene_without_narration_leaves_time_to_read() -> None:
    timeline = plan([Step("a heading"), Step("ten words that somebody has to read before the end")], [])
    assert timeline.duration >= 4.0


@given(
    spoken=st.lists(st.text("abcde fghij", max_size=30), max_size=6),
    shown=st.lists(
        st.tuples(st.text("abcde fghij", max_size=30), st.floats(0.3, 5.0), st.booleans()),
        min_size=1,
        max_size=12,
    ),
)
def test_times_grow_and_nothing_is_hurried(spoken: list[str], shown: list[tuple[str, float, bool]]) -> None:
    steps = [Step(text, dwell, silent and number > 0) for number, (text, dwell, silent) in enumerate(shown)]
    utterances = said(*spoken, seconds=2.0)
    timeline = plan(steps, utterances)
    half_a_picture = 0.5 / FRAME_RATE + 1e-6
    for number, step in enumerate(steps[:-1]):
        assert timeline.steps[number + 1] - timeline.steps[number] >= step.dwell - 2 * half_a_picture
    for first, second in zip(timeline.sentences, timeline.sentences[1:], strict=False):
        assert second >= first + 2.0
    assert timeline.steps[0] == 0.0
    assert not timeline.sentences or timeline.sentences[0] >= LEAD_IN - 1e-9
    assert timeline.frames % 8 == 0
    assert timeline.duration >= max([*timeline.steps, *(start + 2.0 for start in timeline.sentences)])


def test_nothing_is_said_while_a_silent_step_lasts() -> None:
    steps = [Step("a"), Step("", dwell=3.0, silent=True), Step("b"), Step("c")]
    timeline = plan(steps, said("one", "two", "three"))
    begin, end = timeline.steps[1], timeline.steps[1] + 3.0
    assert all(start >= end or start + 3.0 <= begin for start in timeline.sentences)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_step_has_a_place(count: int) -> None:
    places = assigned([Step("x")] * 9, ["a sentence"] * count)
    assert places == sorted(places)
    assert set(places) <= set(range(count))
