"""What the questions of chapters say, kind by kind."""

import re
from collections.abc import Iterator

import pytest
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import task_pb2
from mootion.llm.v1.llm_service_pb2 import WriteQuestionsRequest
from mootion.llm.v1.task_pb2 import Concept, Item

from services.llm.extractive.questions import write_questions
from services.llm.extractive.questions.expressions import in_sympy, parse
from tests.unit.llm.questions.chapters import cells, markets, volcanoes


def items_of(kind: "task_pb2.QuestionKind.ValueType", passages: list[Passage], count: int = 60) -> list[Item]:
    return write_questions(WriteQuestionsRequest(passages=passages, question_count=count, kinds=[kind]))[0]


def right(item: Item) -> list[str]:
    return [option.text for option in item.options if option.option_id in item.key.option_ids]


def wrong(item: Item) -> list[str]:
    return [option.text for option in item.options if option.option_id not in item.key.option_ids]


def all_stems() -> Iterator[str]:
    for chapter in (volcanoes(), markets(), cells()):
        yield from (
            item.stem
            for item in write_questions(WriteQuestionsRequest(passages=chapter, question_count=100))[0]
        )


def test_a_definition_gives_a_question_for_its_term() -> None:
    found = [item for item in items_of(task_pb2.SINGLE_CHOICE, cells()) if right(item) == ["ribosome"]]
    assert any("a small particle that joins amino acids into proteins" in item.stem for item in found)
    assert all(len(wrong(item)) >= 2 for item in found)


def test_wrong_options_are_terms_of_the_same_document() -> None:
    text = " ".join(passage.text.lower() for passage in cells())
    for item in items_of(task_pb2.SINGLE_CHOICE, cells()):
        if len(right(item)[0].split()) <= 3 and not re.match(r"[\d,.]+$|[a-z]+$", right(item)[0]):
            assert all(option.lower().rstrip("s")[:6] in text for option in wrong(item)), item


def test_numbers_among_the_options_are_of_one_style_and_not_in_the_sentence() -> None:
    numbers = [i for i in items_of(task_pb2.SINGLE_CHOICE, volcanoes()) if i.stem.startswith("Which number")]
    assert numbers
    for item in numbers:
        digits = [re.fullmatch(r"[\d,]+(\.\d+)?", option.text) is not None for option in item.options]
        assert all(digits) or not any(digits)
        assert not any(f" {option} " in item.citation.quote for option in wrong(item))


def test_true_and_false_are_both_right_now_and_then_and_false_says_what_is_wrong() -> None:
    items = items_of(task_pb2.TRUE_FALSE, [*volcanoes(), *markets(), *cells()])
    assert {item.key.option_ids[0] for item in items} == {"true", "false"}
    for item in items:
        is_quoted = item.stem.lower().rstrip(".") in item.citation.quote.lower()
        assert is_quoted == (item.key.option_ids[0] == "true")
        assert item.explanation.startswith("The text says") == (item.key.option_ids[0] == "true")


def test_the_error_to_find_contradicts_the_quote_and_the_others_stand_in_the_text() -> None:
    text = " ".join(passage.text for passage in volcanoes())
    for item in items_of(task_pb2.FIND_ERROR, volcanoes()):
        assert right(item)[0] not in text
        assert all(option.rstrip(".") in text for option in wrong(item))


def test_multiple_choice_names_parts_of_a_list_and_strangers_to_it() -> None:
    items = items_of(task_pb2.MULTIPLE_CHOICE, [*markets(), *cells(), *volcanoes()])
    assert items
    for item in items:
        assert all(option in item.citation.quote for option in right(item))
        assert not any(option in item.citation.quote for option in wrong(item))


def test_cloze_accepts_singular_and_plural_as_the_document_writes_them() -> None:
    keys = [list(item.key.texts) for item in items_of(task_pb2.CLOZE, cells())]
    assert any(len(texts) > 1 for texts in keys)
    for item in items_of(task_pb2.CLOZE, cells()):
        filled = (
            item.stem.replace("a(n) ____", "____")
            .replace("A(n) ____", "____")
            .replace("____", item.key.texts[0])
        )
        bare = re.sub(r"\b(?:an?|An?) ", "", item.citation.quote)
        assert re.sub(r"\b(?:an?|An?) ", "", filled).lower() in bare.lower()


def test_steps_are_ordered_as_numbered_and_events_by_their_years() -> None:
    ordering = items_of(task_pb2.ORDERING, volcanoes())
    in_order = [
        [next(o.text for o in item.options if o.option_id == i) for i in item.key.option_ids]
        for item in ordering
    ]
    assert [texts[0][:12] for texts in in_order] == ["Magma rises ", "The Laki fis"]
    assert in_order[0][-1] == "The magma chamber empties and the ground sinks again"
    assert "1783, 1815, 1883, 1980" in ordering[1].explanation
    assert all(
        [o.option_id for o in item.options] == ["a", "b", "c", "d", "e"][: len(item.options)]
        for item in ordering
    )
    assert all(list(item.key.option_ids) != [o.option_id for o in item.options] for item in ordering)


def test_matching_pairs_terms_with_their_own_meanings() -> None:
    for item in items_of(task_pb2.MATCHING, cells()):
        terms = {option.option_id: option.text for option in item.options}
        meanings = {match.option_id: match.text for match in item.matches}
        for pair in item.key.matches:
            sentence = next(s for p in cells() for s in p.text.split(". ") if meanings[pair.match_id] in s)
            assert terms[pair.option_id].lower() in sentence.lower()


def test_a_formula_is_asked_for_and_solved_for_its_symbols() -> None:
    items = items_of(task_pb2.ALGEBRAIC, volcanoes())
    stated = next(item for item in items if item.stem.startswith("Write the formula"))
    assert "the depth of the stream" in stated.stem
    assert in_sympy(parse(stated.key.texts[0])) == in_sympy(parse("wdv"))


def test_a_number_is_worked_out_by_a_formula_within_one_percent() -> None:
    worked = [item for item in items_of(task_pb2.NUMERIC, volcanoes()) if "formula" in item.stem]
    for item in worked:
        values = {
            name: float(value)
            for name, value in re.findall(r"\b([wdv]) = (\d+)", item.stem.split("What is")[1])
        }
        assert item.key.number == pytest.approx(values["w"] * values["d"] * values["v"])
        assert item.key.tolerance == pytest.approx(item.key.number * 0.01)
    assert worked


def test_an_approximate_number_allows_a_twentieth_and_an_exact_count_nothing() -> None:
    keys = {
        item.key.number: item.key.tolerance for item in items_of(task_pb2.NUMERIC, [*volcanoes(), *cells()])
    }
    assert keys[1150] == pytest.approx(57.5)
    assert keys[100] == 0


def test_stems_lean_on_nothing_outside_themselves() -> None:
    stems = list(all_stems())
    assert len(stems) > 100
    for stem in stems:
        assert not re.search(r"Figure|Table|as shown|following", stem), stem
        assert not re.search(r"“(?:This|These|It|They|However)\b", stem), stem


def test_given_concepts_are_the_ones_asked_about() -> None:
    given = [Concept(name=name, importance=1.0) for name in ("osmosis", "ribosome", "nucleus")]
    request = WriteQuestionsRequest(
        passages=cells(), concepts=given, question_count=6, kinds=[task_pb2.SHORT_ANSWER]
    )
    items, report = write_questions(request)
    assert {"osmosis", "ribosome", "nucleus"} <= {item.concept for item in items}
    assert report.concept_share == 1.0


def test_options_have_letters_in_the_order_shown_and_keys_at_different_places() -> None:
    items = items_of(task_pb2.SINGLE_CHOICE, [*cells(), *markets()])
    assert all([o.option_id for o in item.options] == list("abcd")[: len(item.options)] for item in items)
    assert len({item.key.option_ids[0] for item in items}) == 4
