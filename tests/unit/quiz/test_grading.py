"""Each kind of question is graded by its rule, and nothing a learner types is ever run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mootion.llm.v1 import task_pb2
from mootion.quiz.v1 import quiz_pb2

from services.quiz import expression, numbers
from services.quiz.grading import RULES, grade

OPTIONS = [task_pb2.QuestionOption(option_id=key, text=f"option {key}") for key in "abcd"]


def item(kind: task_pb2.QuestionKind.ValueType, **key: object) -> task_pb2.Item:
    matches = [task_pb2.QuestionOption(option_id=key, text=f"match {key}") for key in "wxyz"]
    return task_pb2.Item(kind=kind, options=OPTIONS, matches=matches, key=task_pb2.AnswerKey(**key))  # type: ignore[arg-type]


def credit(asked: task_pb2.Item, **response: object) -> float:
    given_response = quiz_pb2.QuestionResponse(question_id="q", **response)  # type: ignore[arg-type]
    return grade("q", asked, given_response).credit


def test_every_kind_of_question_has_a_rule() -> None:
    kinds = set(task_pb2.QuestionKind.values()) - {task_pb2.QUESTION_KIND_UNSPECIFIED}
    assert set(RULES) == kinds


def test_a_question_left_out_is_wrong_and_shows_its_key() -> None:
    result = grade("q", item(task_pb2.SINGLE_CHOICE, option_ids=["b"]), None)
    assert (result.correct, result.credit, result.correct_answer) == (False, 0.0, "option b")
    assert not result.HasField("response")


@pytest.mark.parametrize(("chosen", "earned"), [(["b"], 1.0), (["a"], 0.0), ([], 0.0), (["b", "a"], 0.0)])
def test_single_choice_takes_exactly_the_key(chosen: list[str], earned: float) -> None:
    assert credit(item(task_pb2.SINGLE_CHOICE, option_ids=["b"]), option_ids=chosen) == earned


@pytest.mark.parametrize(
    ("chosen", "earned"), [(["a", "c"], 1.0), (["a"], 0.5), (["a", "b"], 0.0), (["a", "b", "c", "d"], 0.0)]
)
def test_multiple_choice_takes_wrong_choices_off(chosen: list[str], earned: float) -> None:
    assert credit(item(task_pb2.MULTIPLE_CHOICE, option_ids=["a", "c"]), option_ids=chosen) == earned


@pytest.mark.parametrize(
    ("order", "earned"), [("abcd", 1.0), ("dcba", 0.0), ("bacd", 5 / 6), ("abc", 0.0), ("abcc", 0.0)]
)
def test_ordering_counts_pairs_in_order(order: str, earned: float) -> None:
    assert credit(item(task_pb2.ORDERING, option_ids=list("abcd")), option_ids=list(order)) == earned


def test_matching_counts_right_pairs() -> None:
    pairs = [task_pb2.OptionMatch(option_id=a, match_id=b) for a, b in zip("abcd", "wxyz", strict=True)]
    swapped = [*pairs[:2], task_pb2.OptionMatch(option_id="c", match_id="z")]
    assert credit(item(task_pb2.MATCHING, matches=pairs), matches=pairs) == 1.0
    assert credit(item(task_pb2.MATCHING, matches=pairs), matches=swapped) == 0.5


@pytest.mark.parametrize(
    "text", ["red blood cell", "Red Blood Cells", "the red blood cell.", " red  blood cell "]
)
def test_words_are_right_whatever_their_case_article_or_ending(text: str) -> None:
    assert credit(item(task_pb2.CLOZE, texts=["red blood cell", "erythrocyte"]), text=text) == 1.0


@pytest.mark.parametrize("text", ["", "blood cell", "white blood cell", "the"])
def test_other_words_are_wrong(text: str) -> None:
    assert credit(item(task_pb2.SHORT_ANSWER, texts=["red blood cell"]), text=text) == 0.0


@pytest.mark.parametrize("text", ["343", "343 m/s", "343.4 m/s", "3.43 x 10^2 m/s", "3.43e2", "≈ 343 m / s"])
def test_numbers_are_right_within_the_tolerance(text: str) -> None:
    assert credit(item(task_pb2.NUMERIC, number=343.0, tolerance=0.5, unit="m/s"), text=text) == 1.0


@pytest.mark.parametrize("text", ["344", "343 km/s", "about 343", "", "nan", "1e999"])
def test_other_numbers_and_units_are_wrong(text: str) -> None:
    assert credit(item(task_pb2.NUMERIC, number=343.0, tolerance=0.5, unit="m/s"), text=text) == 0.0


@pytest.mark.parametrize("text", ["f*λ", "lambda f".replace(" ", "*"), "v = λ * f", "2*f*lambda/2"])
def test_formulas_are_right_however_they_are_written(text: str) -> None:
    assert credit(item(task_pb2.ALGEBRAIC, texts=["f * lambda"]), text=text) == 1.0


@pytest.mark.parametrize("text", ["f/lambda", "f + lambda", "f", "f*lambda*x/x + 1"])
def test_other_formulas_are_wrong(text: str) -> None:
    assert credit(item(task_pb2.ALGEBRAIC, texts=["f * lambda"]), text=text) == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "().__class__",
        "9**9**9",
        "10**64**64",
        "x.y",
        "[1]",
        "a if b else c",
        "x" * 300,
        "lambda: 1",
    ],
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(expression.UnreadableFormula):
        expression.parse(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    numbers.read(text)
    try:
        expression.parse(text)
    except expression.UnreadableFormula as refusal:
        assert str(refusal)


@given(st.integers(-(10**9), 10**9))
def test_whole_numbers_are_read_as_they_are(value: int) -> None:
    read = numbers.read(f"{value:,}")
    assert read is not None
    assert read.value == value


@given(st.permutations(list("abcd")))
def test_partial_credit_stays_between_nothing_and_all(order: list[str]) -> None:
    earned = credit(item(task_pb2.ORDERING, option_ids=list("abcd")), option_ids=order)
    assert 0.0 <= earned <= 1.0
    assert (earned == 1.0) == (order == list("abcd"))
