"""A map never has a cycle of prerequisites, lists its nodes in learning order, and draws no two on one place."""

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st
from mootion.flowchart.v1 import flowchart_pb2
from mootion.llm.v1 import task_pb2

from services.flowchart import graph, layout, svg

NAMES = [f"concept {number}" for number in range(24)]
relations = st.lists(
    st.builds(
        task_pb2.Relation,
        source=st.sampled_from(NAMES),
        target=st.sampled_from(NAMES),
        type=st.sampled_from([task_pb2.PREREQUISITE, task_pb2.RELATED, task_pb2.ADVANCED_FROM]),
        weight=st.floats(0, 1),
    ),
    max_size=90,
)


def chart_of(given_relations: list[task_pb2.Relation]) -> flowchart_pb2.Flowchart:
    concepts = [task_pb2.Concept(name=name, importance=index / 30) for index, name in enumerate(NAMES)]
    return graph.build_map("document", concepts, given_relations)


@given(relations)
def test_prerequisites_never_form_a_cycle_and_come_first(found: list[task_pb2.Relation]) -> None:
    chart = chart_of(found)
    place = {node.node_id: index for index, node in enumerate(chart.nodes)}
    ordering = [edge for edge in chart.edges if edge.type in graph.ORDERING]
    assert nx.is_directed_acyclic_graph(graph.ordering_graph(chart))
    assert all(place[edge.source_id] < place[edge.target_id] for edge in ordering)
    for node in chart.nodes:
        assert all(place[before] < place[node.node_id] for before in node.prerequisite_ids)


@given(relations)
def test_every_ordering_relation_is_kept_or_counted_as_broken(found: list[task_pb2.Relation]) -> None:
    chart = chart_of(found)
    wanted = {
        (r.source, r.target, r.type) for r in found if r.source != r.target and r.type != task_pb2.RELATED
    }
    kept = sum(edge.type in graph.ORDERING for edge in chart.edges)
    assert kept + chart.broken_cycle_count == len(wanted)


@given(relations)
def test_levels_grow_along_prerequisites(found: list[task_pb2.Relation]) -> None:
    chart = chart_of(found)
    level = {node.node_id: node.level for node in chart.nodes}
    for edge in chart.edges:
        if edge.type in graph.ORDERING:
            assert level[edge.source_id] <= level[edge.target_id]


@settings(deadline=None)  # a busy machine is no fault of the layout
@given(relations)
def test_no_two_nodes_overlap_and_all_are_inside_the_drawing(found: list[task_pb2.Relation]) -> None:
    chart = chart_of(found)
    layout.place_all(chart)
    for index, node in enumerate(chart.nodes):
        assert layout.NODE_WIDTH / 2 <= node.position.x <= chart.extent.x - layout.NODE_WIDTH / 2
        assert layout.NODE_HEIGHT / 2 <= node.position.y <= chart.extent.y - layout.NODE_HEIGHT / 2
        for other in chart.nodes[index + 1 :]:
            apart = abs(node.position.x - other.position.x) >= layout.NODE_WIDTH
            assert apart or abs(node.position.y - other.position.y) >= layout.NODE_HEIGHT


@given(relations)
def test_the_same_relations_give_the_same_bytes(found: list[task_pb2.Relation]) -> None:
    first, second = chart_of(found), chart_of(list(reversed(found)))
    layout.place_all(first)
    layout.place_all(second)
    if len({(r.source, r.target, r.type) for r in found}) == len(found):
        assert first.SerializeToString(deterministic=True) == second.SerializeToString(deterministic=True)


def test_a_cycle_is_broken_at_its_weakest_edge() -> None:
    cycle = [
        ("concept 1", "concept 2", 0.9),
        ("concept 2", "concept 3", 0.2),
        ("concept 3", "concept 1", 0.8),
    ]
    chart = chart_of(
        [task_pb2.Relation(source=a, target=b, weight=w, type=task_pb2.PREREQUISITE) for a, b, w in cycle]
    )
    names = {node.node_id: node.name for node in chart.nodes}
    kept = {(names[edge.source_id], names[edge.target_id]) for edge in chart.edges}
    assert kept == {("concept 1", "concept 2"), ("concept 3", "concept 1")}
    assert chart.broken_cycle_count == 1


@given(st.text(max_size=120))
def test_any_name_is_drawn_in_lines_that_fit_its_box(name: str) -> None:
    lines = svg.wrap(name)
    assert 1 <= len(lines) <= 3
    assert all(len(line) <= svg.CHARACTERS_IN_LINE for line in lines)
