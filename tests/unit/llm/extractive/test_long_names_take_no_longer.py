"""A heading or a name of thousands of words is read in the time of its length."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1.llm_service_pb2 import ExtractConceptsRequest, InferRelationsRequest
from mootion.llm.v1.task_pb2 import Concept

from services.llm.extractive import analysis
from services.llm.extractive.concepts import extract_concepts
from services.llm.extractive.relations import infer_relations
from tests.stopwatch import quickest_of

T = TypeVar("T")

# Each is taken for thousands of words, of which any may end a name.
ENDLESS = ["波" * 4096, "cell " * 2000]
TEXT = "A cell is the smallest unit of life. Every cell has a membrane, and a membrane lets water through."


def at_once(work: Callable[[], T]) -> T:
    """What grows with the square or the cube of such a length takes a minute and more."""
    made = []

    def took() -> float:
        # What was read before is known.
        analysis._shared_cache.cache_clear()
        began = time.thread_time()
        made.append(work())
        return time.thread_time() - began

    assert quickest_of(took, 3) < 3
    return made[0]


@pytest.mark.parametrize("endless", ENDLESS)
def test_a_heading_without_end_is_read_at_once(endless: str) -> None:
    passage = Passage(passage_id="p", document_id="d", text=TEXT, section_path=[endless, "Cells"])
    found = at_once(lambda: extract_concepts(ExtractConceptsRequest(passages=[passage])))
    assert "cell" in {concept.name for concept in found}


@pytest.mark.parametrize("endless", ENDLESS)
def test_a_name_without_end_hides_no_other(endless: str) -> None:
    passage = Passage(passage_id="p", document_id="d", text=f"{TEXT} {endless}")
    concepts = [
        Concept(name="cell", description="the smallest unit of life"),
        Concept(name="membrane", description="what lets water through", aliases=[endless]),
    ]
    found = at_once(lambda: infer_relations(InferRelationsRequest(passages=[passage], concepts=concepts)))
    assert {name for relation in found for name in (relation.source, relation.target)} == {"cell", "membrane"}
