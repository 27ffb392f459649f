"""Whatever the passages hold: no crash, every item passes the gate, every quote is verbatim, equal in equal out."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1 import task_pb2
from mootion.llm.v1.llm_service_pb2 import WriteQuestionsRequest
from mootion.llm.v1.task_pb2 import Concept, CoverageReport, Item, QuestionKind

from services.llm.extractive.analysis import analyse
from services.llm.extractive.questions import write_questions
from services.llm.extractive.questions.gate import Gate
from services.llm.extractive.questions.reading import read
from tests.unit.llm.questions.chapters import cells, markets, volcanoes

ROOT = Path(__file__).parents[4]
WORDS = st.sampled_from(
    "An atom is the smallest unit of matter that has a charge because it holds two electrons . , ; : ( ) “ ” = x² "
    "however It is called 12 percent In 1905 first second ____ { } \n 1. such as and λ not never more 3.5 m/s —".split()
)
SENTENCES = st.lists(WORDS, max_size=60).map(" ".join)
TEXTS = SENTENCES | st.text(max_size=300)
PASSAGES = st.lists(
    st.builds(Passage, text=TEXTS, section_path=st.lists(st.text(max_size=15), max_size=2)),
    min_size=1,
    max_size=4,
)
CONCEPTS = st.lists(
    st.builds(
        Concept,
        name=st.text(max_size=20) | st.sampled_from(["atom", "electrons", "charge"]),
        importance=st.floats(0, 1),
    ),
    max_size=5,
)


def numbered(passages: list[Passage]) -> list[Passage]:
    for i, passage in enumerate(passages):
        passage.passage_id, passage.document_id = f"p{i}", "d"
    return passages


def written(passages: list[Passage], count: int = 40, **fields: object) -> tuple[list[Item], CoverageReport]:
    return write_questions(WriteQuestionsRequest(passages=passages, question_count=count, **fields))  # type: ignore[arg-type]


def assert_sound(passages: list[Passage], items: list[Item]) -> None:
    texts = {passage.passage_id: passage.text for passage in passages}
    gate = Gate(read(analyse(passages, "en"), []))
    for item in items:
        citation = item.citation
        assert texts[citation.passage_id][citation.start_char : citation.end_char] == citation.quote
        assert gate.fault(item) is None, (gate.fault(item), item)
        assert gate.admit(item)
        assert 0 <= item.difficulty <= 1
        assert item.explanation and item.concept


@settings(max_examples=80, deadline=None)
@given(PASSAGES, CONCEPTS, st.integers(0, 3), st.sampled_from(["", "en", "de", "zh", "xx"]))
def test_arbitrary_passages_give_only_sound_items(
    passages: list[Passage], concepts: list[Concept], seed: int, language: str
) -> None:
    items, report = written(numbered(passages), concepts=concepts, seed=seed, language=language)
    assert_sound(passages, items)
    assert sum(section.item_count for section in report.sections) == len(items)
    assert 0 <= report.section_share <= 1 and 0 <= report.concept_share <= 1


@pytest.mark.parametrize("chapter", [volcanoes, markets, cells])
@pytest.mark.parametrize("kind", [kind for kind in QuestionKind.values() if kind])
def test_every_item_of_a_chapter_passes_the_gate_and_is_of_the_kind_wanted(
    chapter: object, kind: "QuestionKind.ValueType"
) -> None:
    passages = chapter()  # type: ignore[operator]
    items, _ = written(passages, kinds=[kind])
    assert_sound(passages, items)
    assert {item.kind for item in items} <= {kind}


def test_a_chapter_gives_items_of_every_kind() -> None:
    kinds = {
        kind
        for kind in QuestionKind.values()
        if kind and written([*volcanoes(), *cells()], 10, kinds=[kind])[0]
    }
    assert kinds == set(QuestionKind.values()) - {task_pb2.QUESTION_KIND_UNSPECIFIED}


def test_no_more_items_come_than_asked_for_and_fewer_where_the_text_holds_no_more() -> None:
    assert len(written(volcanoes(), 7)[0]) == 7
    one = [Passage(passage_id="p", document_id="d", text="An atom is the smallest unit of an element.")]
    assert len(written(one, 100)[0]) < 5


def test_other_languages_get_gaps_without_english_words() -> None:
    text = (
        "Die Zelle ist die kleinste Einheit des Lebens und kann sich teilen. Jede Zelle besitzt eine dünne Membran. "
        "Die Membran der Zelle besteht aus Lipiden und Proteinen und hält die Zelle zusammen."
    )
    passages = [Passage(passage_id="p", document_id="d", text=text)]
    items, _ = written(passages, language="de")
    assert {item.kind for item in items} <= {task_pb2.CLOZE}
    assert not any("sentence" in item.stem or "text" in item.stem for item in items)


def test_items_come_in_the_order_of_the_text_and_cover_every_section() -> None:
    passages = volcanoes()
    items, report = written(passages, 30)
    order = [passage.passage_id for passage in passages]
    places = [(order.index(item.citation.passage_id), item.citation.start_char) for item in items]
    assert places == sorted(places)
    assert report.section_share == 1.0
    assert [list(s.section_path)[-1] for s in report.sections] == [p.section_path[-1] for p in passages]


def test_the_report_counts_what_the_gate_refused() -> None:
    _, report = written(volcanoes(), 500)
    assert report.rejected_count == sum(report.rejections.values()) > 0


def test_the_seed_chooses_and_the_same_seed_chooses_the_same() -> None:
    first, second, other = (digest_of(volcanoes(), seed) for seed in (1, 1, 2))
    assert first == second != other


def test_the_bytes_do_not_depend_on_the_process() -> None:
    program = (
        "from tests.unit.llm.questions.test_any_text_gives_sound_questions import digest_of\n"
        "from tests.unit.llm.questions.chapters import volcanoes\n"
        "print(digest_of(volcanoes(), 1))"
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
    assert digests == {digest_of(volcanoes(), 1)}


def digest_of(passages: list[Passage], seed: int) -> str:
    items, report = written(passages, 40, seed=seed)
    parts = [*items, report]
    return sha256(b"".join(part.SerializeToString(deterministic=True) for part in parts)).hexdigest()
