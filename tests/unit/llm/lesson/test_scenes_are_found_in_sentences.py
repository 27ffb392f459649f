"""What a text contrasts, orders, dates, tabulates and works out is found, with the sentences that say so."""

import pytest
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1.llm_service_pb2 import WriteScriptRequest

from services.llm.extractive.lesson.cases import cases
from services.llm.extractive.lesson.chains import chains
from services.llm.extractive.lesson.contrasts import contrasts
from services.llm.extractive.lesson.dates import dated
from services.llm.extractive.lesson.material import Material, material_of
from services.llm.extractive.lesson.scenes import plot, table
from services.llm.extractive.lesson.speech import spoken
from services.llm.extractive.lesson.tables import tables

FILLER = (
    "A glacier is a large mass of ice that moves slowly over land. A moraine is a ridge of stones that a glacier "
    "leaves behind. A crevasse is a deep crack in the ice of a glacier. Glaciers shape the valleys of mountains. "
    "A valley is a long hollow between two hills. Meltwater is the water that runs from melting ice in summer. "
)


def material(text: str, title: str = "Glaciers") -> Material:
    passage = Passage(passage_id="p", document_id="d", text=FILLER + "\n" + text, section_path=["Ice", title])
    return material_of(WriteScriptRequest(passages=[passage]))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Snow is loose and light, whereas ice is hard and dense.", ["Snow", "ice"]),
        ("A crevasse is a crack in the ice. By contrast, a moraine is a ridge of stones.", ["crevasse", "moraine"]),
        ("In a young valley, the river falls steeply, while in an old valley, the river winds slowly.",
         ["young valley", "old valley"]),
    ],
)  # fmt: skip
def test_contrasts_name_both_sides(text: str, names: list[str]) -> None:
    found = contrasts(material(text).shop.reading)
    assert [found[-1].one.name, found[-1].other.name] == names


@pytest.mark.parametrize(
    "text",
    [
        "It is loose and light, whereas they are hard and dense.",
        "While it rained, the glacier grew.",
        "See Figure 2, whereas Figure 3 shows the ice.",
    ],
)
def test_what_only_looks_like_a_contrast_is_none(text: str) -> None:
    assert contrasts(material(text).shop.reading) == []


def test_a_cause_comes_before_its_effect_and_one_sentence_can_tell_a_chain() -> None:
    text = "When the summer air warms the glacier, the ice melts at the edge, which raises the level of the lake."
    (steps,) = chains(material(text).shop.reading)
    assert steps.is_chain and steps.shown == (
        "The summer air warms the glacier",
        "The ice melts at the edge",
        "Raises the level of the lake",
    )


def test_a_cause_behind_a_pronoun_is_no_step() -> None:
    assert chains(material("When it warms the glacier, the ice melts at the edge.").shop.reading) == []


def test_numbered_steps_are_found_on_one_line_and_lose_references_to_equations() -> None:
    text = (
        "1. Drill a hole into the ice. 2. Lower the probe to the bottom.\n3. Read the temperature of the ice.\n"
        "4. Work out the flow from Equation (9)."
    )
    (steps,) = chains(material(text, "Measuring the Ice").shop.reading)
    assert not steps.is_chain and steps.shown[-1] == "Work out the flow" and len(steps.shown) == 4


def test_years_are_found_anywhere_in_a_sentence_and_put_in_order() -> None:
    text = (
        "In 1840 Louis Agassiz lived on a glacier for a summer. In 1779 a physicist crossed the ice for the first "
        "time. The first hut on the ice was built in 1827 by Franz Hugi. In 1850 it reached the village."
    )
    ((_, events),) = dated(material(text).shop.reading)
    assert [event.when for event in events] == ["1779", "1827", "1840"]
    assert events[1].shown == "The first hut on the ice was built by Franz Hugi"


def test_an_event_cut_to_a_name_is_not_shown() -> None:
    text = "In 1947 Chuck Yeager, in the rocket aircraft with the longest name, flew over the ice."
    assert dated(material(text).shop.reading) == []


TABLE = "Table 3. Flow of three glaciers.\nGlacier | Flow (m/s) | Ice\n{}"


def test_a_table_becomes_columns_with_units_and_is_quoted_line_by_line() -> None:
    text = TABLE.format("Aletsch | 5 | old\nRhone | 3 | young\nGorner | 2 | old")
    source = material(text)
    (scene,) = table.draft(source)
    assert scene.scene.title == "Flow of three glaciers"
    assert [column.heading for column in scene.scene.comparison.columns] == ["Aletsch", "Rhone", "Gorner"]
    assert list(scene.scene.comparison.columns[0].points) == ["Flow: 5 m/s", "Ice: old"]
    assert [c.quote for c in scene.citations][1] == "Aletsch | 5 | old"
    assert "5 metres per second for" in scene.forms[0][1]


@pytest.mark.parametrize(
    "rows", ["Aletsch | 5 | old", "Aletsch | 5 | old\nRhone |  | young", "Aletsch\nRhone"]
)
def test_a_table_with_too_few_rows_or_empty_cells_is_left(rows: str) -> None:
    assert list(tables(material(TABLE.format(rows)).analysis)) == []


def test_a_worked_example_has_its_problem_steps_and_result() -> None:
    text = (
        "A glacier moves 90 m in 30 days. Find its speed. The speed is v = 90/30 = 3 m in a day. "
        "In a year the way is s = 365 × 3 = 1,095 m."
    )
    passage = Passage(
        passage_id="p", document_id="d", text=text, section_path=["Ice", "Example 2: A Slow River"]
    )
    filler = Passage(passage_id="q", document_id="d", text=FILLER, section_path=["Ice"])
    (case,) = cases(material_of(WriteScriptRequest(passages=[filler, passage])).analysis)
    assert case.title == "A Slow River"
    assert [s.text for s in case.problem] == ["A glacier moves 90 m in 30 days.", "Find its speed."]
    assert [step.text for step in case.steps] == ["v = 90/30 = 3 m in a day", "s = 365 × 3 = 1,095 m"]
    assert case.steps[-1].value == "1,095 m"


def test_a_formula_of_two_symbols_is_drawn_with_one_of_them_held() -> None:
    text = "The pressure follows from p = k/h. Here p is the pressure in the ice, k is the load and h is the height."
    (scene,) = plot.draft(material(text + " The pressure is the force on each square metre of a surface."))
    assert scene.scene.plot.expression == "1/x" and "k = 1" in scene.scene.plot.y_label
    assert scene.forms[0][0].endswith("with k kept the same.")


def test_powers_of_ten_are_said_in_words() -> None:
    assert spoken("The least is 10⁻¹² W/m².") == [
        "The least is 10 to the power of minus 12 watts per square metre."
    ]
