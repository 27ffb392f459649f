"""Rules, worked examples, cases of a term, false statements, and sentences said again."""

import pytest
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import task_pb2
from mootion.llm.v1.llm_service_pb2 import WriteQuestionsRequest
from mootion.llm.v1.task_pb2 import Concept

from services.llm.extractive.analysis import analyse
from services.llm.extractive.questions import write_questions
from services.llm.extractive.questions.calculations import calculations, wrong_results
from services.llm.extractive.questions.conditions import conditions
from services.llm.extractive.questions.contrary import Contradictions
from services.llm.extractive.questions.reading import Reading, read
from services.llm.extractive.questions.repeats import said_once
from services.llm.extractive.questions.workshop import Workshop
from tests.unit.llm.questions.chapters import cells, volcanoes


def reading_of(text: str, *concepts: str) -> Reading:
    passage = Passage(passage_id="p", document_id="d", text=text, section_path=["Chapter", "Section"])
    return read(analyse([passage], "en"), [Concept(name=name, importance=0.5) for name in concepts])


def contradictions(reading: Reading) -> Contradictions:
    return Workshop(reading, 0).contradictions


@pytest.mark.parametrize(
    ("sentence", "shown", "result"),
    [
        ("The circuit draws P = UI = (12)(0.5) = 6.0 watts.", "P = UI = (12)(0.5)", "6.0"),
        ("So the share is P(A) = (3)/(8) = 0.375 in this herd.", "P(A) = (3)/(8)", "0.375"),
        ("Together they weigh 12.5 + 7.25 = 19.75 kilograms.", "12.5 + 7.25", "19.75"),
    ],
)
def test_a_calculation_is_found_with_what_is_worked_out(sentence: str, shown: str, result: str) -> None:
    (found,) = calculations(reading_of(sentence))
    assert (found.shown, found.result) == (shown, result)
    assert len(wrong_results(found)) >= 3
    assert result not in wrong_results(found)


@pytest.mark.parametrize(
    "sentence",
    [
        "The share is P(A) = (3)/(8) = 0.5 in this herd.",
        "The ratio is 4/0 = 1 here.",
        "The readings were 4 7 9 = 20 in the log.",
        "The mean is x = 4.5 for the herd.",
    ],
)
def test_what_does_not_come_out_is_no_calculation(sentence: str) -> None:
    assert calculations(reading_of(sentence)) == []


def test_long_rows_of_digits_are_read_at_once() -> None:
    assert calculations(reading_of("The digits are x = " + "0947230912 " * 400 + "and no more.")) == []


@pytest.mark.parametrize(
    ("sentence", "condition", "result"),
    [
        (
            "If a river enters a lake, then the sediment sinks to the bottom.",
            "a river enters a lake",
            "the sediment sinks to the bottom",
        ),
        (
            "A river forms a delta if the sediment outweighs the tides.",
            "the sediment outweighs the tides",
            "a river forms a delta",
        ),
    ],
)
def test_a_rule_is_read_with_its_condition_before_or_behind(
    sentence: str, condition: str, result: str
) -> None:
    (rule,) = conditions(reading_of(sentence, "river"))
    assert (rule.condition, rule.result) == (condition, result)


@pytest.mark.parametrize(
    "sentence",
    [
        "If you pour water on lava, then steam rises from the lava.",
        "If A and B are apart, then P(A AND B) = 0.",
        "If the river floods the valley, then it leaves sediment behind.",
    ],
)
def test_what_leans_on_a_person_a_formula_or_a_pronoun_is_no_rule(sentence: str) -> None:
    assert conditions(reading_of(sentence, "river")) == []


def test_a_copula_is_denied_only_where_that_contradicts() -> None:
    reading = reading_of("Pumice is a light volcanic rock. Some rocks are light and porous stones.", "pumice")
    sure, of_some = reading.analysis.sentences
    denial = contradictions(reading).denial_of(sure)
    assert denial is not None
    assert denial.text == "Pumice is not a light volcanic rock."
    assert contradictions(reading).denial_of(of_some) is None


def test_at_most_one_wrong_statement_merely_denies() -> None:
    for chapter in (volcanoes(), cells()):
        request = WriteQuestionsRequest(passages=chapter, question_count=60, kinds=[task_pb2.SINGLE_CHOICE])
        for item in write_questions(request)[0]:
            if item.stem.endswith("agrees with the text?"):
                wrong = [o.text for o in item.options if o.option_id not in item.key.option_ids]
                assert sum(" is not " in text or " are not " in text for text in wrong) <= 1


def test_sentences_of_one_wording_are_said_once() -> None:
    text = "Magma is molten rock. Lava is hot. Magma  is molten rock."
    assert [s.text for s in said_once(reading_of(text).analysis.sentences)] == [
        "Magma is molten rock.",
        "Lava is hot.",
    ]


def test_a_book_that_repeats_a_chapter_gives_the_questions_of_the_chapter() -> None:
    chapter = volcanoes()
    book = []
    for number in range(5):
        for passage in chapter:
            copied = Passage()
            copied.CopyFrom(passage)
            copied.passage_id = f"{number}-{passage.passage_id}"
            copied.section_path.insert(0, f"Part {number}")
            book.append(copied)
    once, _ = write_questions(WriteQuestionsRequest(passages=chapter, question_count=200))
    again, report = write_questions(WriteQuestionsRequest(passages=book, question_count=200))
    assert len({item.stem for item in again}) == len(again)
    assert len(once) * 0.7 <= len(again) <= len(once) * 1.3
    assert report.rejected_count < 4 * len(again)
