"""No text breaks the engine, and what it makes of one does not depend on the process it runs in."""

import os
import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1.llm_service_pb2 import (
    AnswerQuestionRequest,
    ExtractConceptsRequest,
    InferRelationsRequest,
    WriteAtomsRequest,
)

from services.llm.extractive.answers import answer_question
from services.llm.extractive.atoms import write_atoms
from services.llm.extractive.concepts import extract_concepts
from services.llm.extractive.relations import infer_relations

WORDS = [
    "A cell",
    "is",
    "a unit",
    "that",
    "called",
    "(",
    ")",
    ",",
    "the",
    "of",
    "—",
    "DNA",
    "“x”",
    "细胞是",
    "ion.",
    "\n",
]
TEXTS = st.text(max_size=300) | st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)
LANGUAGES = st.sampled_from(["en", "de", "fr", "es", "zh", "ja", "ar", "th", "xx", ""])
PASSAGES = st.lists(
    st.builds(
        Passage,
        passage_id=st.text(alphabet="abc", min_size=1, max_size=4),
        document_id=st.sampled_from(["d", "e"]),
        text=TEXTS,
        section_path=st.lists(st.text(max_size=20), max_size=3),
        emphasized=st.lists(st.text(max_size=12), max_size=3),
    ),
    min_size=1,
    max_size=4,
)
PROGRAM = """
from hashlib import sha256
from mootion.llm.v1.llm_service_pb2 import ExtractConceptsRequest, InferRelationsRequest, WriteAtomsRequest
from services.llm.extractive.atoms import write_atoms
from services.llm.extractive.concepts import extract_concepts
from services.llm.extractive.relations import infer_relations
from tests.unit.llm.extractive.rivers import passages
concepts = extract_concepts(ExtractConceptsRequest(passages=passages()))
relations = infer_relations(InferRelationsRequest(passages=passages(), concepts=concepts))
made = [*concepts, *relations, *write_atoms(WriteAtomsRequest(passages=passages()))]
print(len(made), sha256(b"".join(m.SerializeToString(deterministic=True) for m in made)).hexdigest())
"""


@settings(max_examples=60, deadline=None)
@given(PASSAGES, LANGUAGES)
def test_no_text_breaks_any_task(passages: list[Passage], language: str) -> None:
    texts = {(p.document_id, p.passage_id): p.text for p in reversed(passages)}
    concepts = extract_concepts(ExtractConceptsRequest(passages=passages, language=language))
    names = {concept.name for concept in concepts}
    for concept in concepts:
        assert concept.name.strip() and concept.description == concept.definition.quote
    for relation in infer_relations(
        InferRelationsRequest(passages=passages, concepts=concepts, language=language)
    ):
        assert {relation.source, relation.target} <= names
    atoms = write_atoms(WriteAtomsRequest(passages=passages, language=language))
    assert len({atom.atom_id for atom in atoms}) == len(atoms)
    assert all(atom.content == atom.source.quote for atom in atoms)
    assert len(texts) > len(passages) or all(atom.content for atom in atoms)


@settings(max_examples=60, deadline=None)
@given(PASSAGES, st.text(min_size=1, max_size=80) | TEXTS.filter(bool), LANGUAGES)
def test_any_question_is_answered_with_quotes_or_refused(
    passages: list[Passage], question: str, language: str
) -> None:
    answer = answer_question(AnswerQuestionRequest(question=question, passages=passages, language=language))
    assert answer.supported == bool(answer.sentences)
    texts = [passage.text for passage in passages]
    for sentence in answer.sentences:
        assert any(sentence.text in text for text in texts)


def test_another_process_with_other_hashes_makes_the_same() -> None:
    made = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "77")
    }
    assert len(made) == 1
    assert int(made.pop().split()[0]) > 10
