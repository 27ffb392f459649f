"""Choosing among options: by what the passages say, with the usual turns of such questions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1.llm_service_pb2 import ChooseOptionRequest

from services.llm.extractive.choices import Choice, choose_option
from tests.unit.llm.extractive.rivers import passages


def choose(question: str, *options: str, among: list[Passage] | None = None) -> Choice:
    found = passages() if among is None else among
    return choose_option(ChooseOptionRequest(question=question, options=options, passages=found))


@pytest.mark.parametrize(
    ("question", "options", "right"),
    [
        (
            "A smaller river that flows into a larger one is called a ________.",
            ("delta", "tributary", "source"),
            1,
        ),
        ("A meander grows by erosion on its ________.", ("inner bank", "source", "outer bank"), 2),
        (
            "Which landform grows by deposition where a river enters a sea?",
            ("a delta", "a meander", "a source"),
            0,
        ),
        ("The delta of the Nile covers", ("8,000 square kilometres", "24,000 square kilometres"), 1),
    ],
)
def test_the_option_that_the_text_supports_is_chosen(
    question: str, options: tuple[str, ...], right: int
) -> None:
    choice = choose(question, *options)
    assert choice.option_index == right
    assert choice.confidence > 0


def test_a_question_for_what_does_not_hold_takes_the_least_supported() -> None:
    question = "Which of the following is not a kind of delta?"
    assert choose(question, "arcuate delta", "cuspate delta", "glacier valley").option_index == 2


def test_all_of_the_above_is_chosen_where_all_are_supported() -> None:
    question = "Which of these is a kind of delta?"
    options = ("the arcuate delta", "the cuspate delta", "the bird's foot delta", "all of the above")
    assert choose(question, *options).option_index == 3


def test_an_option_without_a_word_is_not_chosen() -> None:
    assert choose("What is a tributary of a river?", "?!", "a smaller river", "...").option_index == 1


def test_an_option_that_joins_supported_ones_is_chosen() -> None:
    text = "Plants need water. Plants need light. Plants need air."
    options = ("water", "light", "air", "water, light, and air")
    assert (
        choose("What do plants need?", *options, among=[Passage(passage_id="p", text=text)]).option_index == 3
    )


def test_none_of_the_above_is_chosen_where_nothing_is_supported() -> None:
    question = "Who painted the ceiling of the chapel?"
    assert choose(question, "a plumber", "a dentist", "none of the above").option_index == 2


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("A glider has neither an engine nor a propeller and flies on rising air.", 1),
        ("A glider has both an engine and a propeller and flies on rising air.", 0),
    ],
)
def test_what_the_text_denies_is_not_affirmed(text: str, right: int) -> None:
    options = ("has both an engine and a propeller", "lacks both an engine and a propeller")
    among = [Passage(passage_id="p", text=text)]
    assert choose("A glider ________.", *options, among=among).option_index == right


def test_citations_are_verbatim() -> None:
    texts = {passage.passage_id: passage.text for passage in passages()}
    choice = choose("A smaller river that flows into a larger one is a", "delta", "tributary")
    assert choice.citations
    for cited in choice.citations:
        assert cited.quote == texts[cited.passage_id][cited.start_char : cited.end_char]


def test_without_passages_there_is_no_confidence() -> None:
    assert choose("What is a river?", "water", "fire", among=[]) == Choice(0, 0.0, ())


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=60), st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=6))
def test_any_question_and_options_give_an_option(question: str, options: list[str]) -> None:
    choice = choose(question, *options)
    assert 0 <= choice.option_index < len(options)
    assert 0 <= choice.confidence <= 1
