"""Concepts: what the text defines is found, described by a verbatim quote, and named once."""

import pytest
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1.llm_service_pb2 import ExtractConceptsRequest
from mootion.llm.v1.task_pb2 import ADVANCED, FUNDAMENTAL, INTERMEDIATE, Concept

from services.llm.extractive.concepts import extract_concepts
from tests.unit.llm.extractive.rivers import passages


def concepts_in(text: str, language: str = "en") -> dict[str, Concept]:
    request = ExtractConceptsRequest(passages=[Passage(passage_id="p", text=text)], language=language)
    return {concept.name: concept for concept in extract_concepts(request)}


@pytest.fixture(scope="module")
def found() -> dict[str, Concept]:
    return {
        concept.name: concept for concept in extract_concepts(ExtractConceptsRequest(passages=passages()))
    }


def test_every_term_that_the_chapter_defines_is_found(found: dict[str, Concept]) -> None:
    defined = {
        "river",
        "tributary",
        "drainage basin",
        "sediment",
        "erosion",
        "deposition",
        "meander",
        "delta",
    }
    assert defined <= found.keys()


def test_a_concept_is_described_by_the_sentence_that_defines_it(found: dict[str, Concept]) -> None:
    assert found["sediment"].description == "Sediment is loose material that a river carries and drops again."
    assert found["meander"].description.startswith("A meander is a bend")


def test_descriptions_are_verbatim_and_carry_their_page(found: dict[str, Concept]) -> None:
    texts = {passage.passage_id: passage.text for passage in passages()}
    for concept in found.values():
        cited = concept.definition
        assert (
            concept.description == cited.quote == texts[cited.passage_id][cited.start_char : cited.end_char]
        )
    assert found["river"].definition.page == 1
    assert found["delta"].definition.page == 2


def test_plurals_and_acronyms_are_other_names_of_one_concept(found: dict[str, Concept]) -> None:
    assert "meanders" in found["meander"].aliases and "Meanders" not in found
    assert "DB" in found["drainage basin"].aliases and "DB" not in found


def test_concepts_lie_deeper_than_what_their_definitions_use(found: dict[str, Concept]) -> None:
    assert found["river"].level == FUNDAMENTAL
    assert found["meander"].level in (INTERMEDIATE, ADVANCED)


def test_the_most_important_come_first_and_no_more_than_asked_for() -> None:
    few = extract_concepts(ExtractConceptsRequest(passages=passages(), min_concepts=1, max_concepts=3))
    assert len(few) == 3
    assert [c.importance for c in few] == sorted((c.importance for c in few), reverse=True)


def test_a_bold_word_counts_for_more_than_a_plain_one() -> None:
    text = "Water moves the grain. The grain rests. The grain rolls. The bank holds. The bank falls. The bank stays."
    plain = Passage(passage_id="p", text=text)
    bold = Passage(passage_id="p", text=text, emphasized=["bank"])
    before = {c.name: c.importance for c in extract_concepts(ExtractConceptsRequest(passages=[plain]))}
    after = {c.name: c.importance for c in extract_concepts(ExtractConceptsRequest(passages=[bold]))}
    assert after["bank"] > before["bank"]


@pytest.mark.parametrize(
    ("sentence", "term"),
    [
        ("A catalyst is a substance that speeds a reaction.", "catalyst"),
        ("The process by which ice turns into vapour is called sublimation.", "sublimation"),
        ("Osmosis refers to the movement of water through a membrane.", "osmosis"),
        ("Cells depend on hydrolysis, the process by which water splits a molecule.", "hydrolysis"),
        ("Economists define inflation as a rise of prices in general.", "inflation"),
        ("An atom that has an electrical charge is an ion.", "ion"),
        (
            "Two events are independent events if one does not change the chance of the other.",
            "independent events",
        ),
        ("We call the higher water the spring tide.", "spring tide"),
        ("Bias: a tendency to favour one side over another.", "bias"),
    ],
)
def test_each_way_to_define_marks_its_term(sentence: str, term: str) -> None:
    found = concepts_in(sentence)
    assert term in {name.lower() for name in found}


def test_a_naming_that_points_back_is_quoted_with_what_it_points_to() -> None:
    text = "Antibodies bind red cells into clumps that can be seen. This process is called agglutination."
    assert concepts_in(text)["agglutination"].description == text


def test_an_empty_passage_teaches_nothing() -> None:
    assert concepts_in("") == {}
    assert concepts_in("1 2 3 … ?!") == {}


@pytest.mark.parametrize(
    ("language", "text", "term"),
    [
        ("de", "Ein Atom ist der kleinste Baustein eines Elements. Das Atom hat eine Hülle.", "Atom"),
        ("fr", "Une molécule est un groupe d'atomes liés entre eux.", "molécule"),
        ("es", "Este proceso de las plantas se llama fotosíntesis.", "fotosíntesis"),
        ("zh", "细胞是生命的基本单位。细胞由细胞膜和细胞核组成。", "细胞"),
        ("ja", "細胞とは生物の基本単位である。", "細胞"),
    ],
)
def test_plain_definitions_of_other_languages_are_found(language: str, text: str, term: str) -> None:
    assert term in concepts_in(text, language)
