"""Relations: prerequisites come from definitions, never make a cycle, and show their evidence."""

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st
from mootion.llm.v1.llm_service_pb2 import ExtractConceptsRequest, InferRelationsRequest
from mootion.llm.v1.task_pb2 import PREREQUISITE, RELATED, Concept, Relation

from services.llm.extractive.acyclic import depths, without_cycles
from services.llm.extractive.concepts import extract_concepts
from services.llm.extractive.relations import infer_relations
from tests.unit.llm.extractive.rivers import passages

EDGES = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.floats(0, 1, allow_nan=False)), max_size=40
)
Edge = tuple[int, int, float]


def relations() -> tuple[list[Concept], list[Relation]]:
    concepts = extract_concepts(ExtractConceptsRequest(passages=passages()))
    return concepts, infer_relations(InferRelationsRequest(passages=passages(), concepts=concepts))


def kept(edges: list[Edge]) -> list[Edge]:
    return without_cycles(edges, lambda edge: (edge[0], edge[1]), lambda edge: edge[2])


def test_what_a_definition_uses_comes_before_what_it_defines() -> None:
    _, found = relations()
    before = {(relation.source, relation.target) for relation in found if relation.type == PREREQUISITE}
    assert ("erosion", "meander") in before
    assert ("deposition", "delta") in before
    assert not {("meander", "erosion"), ("delta", "deposition")} & before


def test_relations_are_between_given_concepts_strongest_first() -> None:
    concepts, found = relations()
    names = {concept.name for concept in concepts}
    assert all({relation.source, relation.target} <= names for relation in found)
    weights = [relation.weight for relation in found]
    assert weights == sorted(weights, reverse=True)
    assert all(0 < weight <= 1 for weight in weights)


def test_the_evidence_is_a_verbatim_sentence_that_names_the_target() -> None:
    texts = {passage.passage_id: passage.text for passage in passages()}
    _, found = relations()
    for relation in found:
        cited = relation.evidence
        assert cited.quote == texts[cited.passage_id][cited.start_char : cited.end_char]
        assert relation.type == RELATED or relation.source.lower() in cited.quote.lower()


def test_concepts_without_definitions_still_get_relations() -> None:
    named = [Concept(name="erosion"), Concept(name="meander"), Concept(name="unheard of")]
    found = infer_relations(InferRelationsRequest(passages=passages(), concepts=named))
    assert {(relation.source, relation.target) for relation in found} == {("erosion", "meander")}


@given(EDGES)
def test_no_cycle_is_left(edges: list[Edge]) -> None:
    graph = nx.DiGraph([(source, target) for source, target, _ in kept(edges)])
    assert nx.is_directed_acyclic_graph(graph)


@given(EDGES)
def test_only_edges_that_close_a_cycle_of_stronger_ones_are_dropped(edges: list[Edge]) -> None:
    stay = kept(edges)
    for source, target, weight in edges:
        if (source, target, weight) not in stay and source != target:
            stronger = nx.DiGraph([(s, t) for s, t, w in stay if w >= weight])
            assert stronger.has_node(target) and stronger.has_node(source)
            assert nx.has_path(stronger, target, source)


@given(EDGES)
def test_depth_is_the_longest_path_that_leads_there(edges: list[Edge]) -> None:
    pairs = [(source, target) for source, target, _ in kept(edges)]
    found = depths(9, pairs)
    assert all(found[target] > found[source] for source, target in pairs)
    reached = {target for _, target in pairs}
    assert all(found[node] == 0 for node in range(9) if node not in reached)
