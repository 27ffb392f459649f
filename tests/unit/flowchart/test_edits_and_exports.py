"""Edits change all or nothing and refuse cycles by name; exports can be read by the programs they are for."""

import io
import itertools
import json
from xml.etree import ElementTree

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mootion.errors.v1 import reason_pb2
from mootion.flowchart.v1 import flowchart_pb2
from mootion.flowchart.v1 import flowchart_service_pb2 as messages
from mootion.llm.v1 import task_pb2

from mesh.errors import CallError
from services.flowchart import edit, export, graph, layout, paths

CHAIN = ["wave", "wavelength", "frequency", "Doppler effect"]


@pytest.fixture
def chart() -> flowchart_pb2.Flowchart:
    concepts = [task_pb2.Concept(name=name, description=f"A {name} is <defined> & quoted.") for name in CHAIN]
    found = [
        task_pb2.Relation(source=a, target=b, type=task_pb2.PREREQUISITE, weight=0.5)
        for a, b in itertools.pairwise(CHAIN)
    ]
    made = graph.build_map("document", concepts, found)
    layout.place_all(made)
    return made


def id_of(name: str) -> str:
    return graph.node_id("document", name)


def add_edge(
    source: str, target: str, kind: flowchart_pb2.ConceptEdgeType.ValueType
) -> messages.FlowchartEdit:
    edge = messages.AddEdge(source_id=id_of(source), target_id=id_of(target), type=kind)
    return messages.FlowchartEdit(add_edge=edge)


def test_an_edge_that_closes_a_cycle_is_refused_and_the_cycle_named(chart: flowchart_pb2.Flowchart) -> None:
    with pytest.raises(CallError) as refused:
        edit.apply(chart, [add_edge("Doppler effect", "wave", flowchart_pb2.PREREQUISITE)])
    assert refused.value.reason == reason_pb2.REASON_PREREQUISITE_CYCLE
    assert (
        refused.value.metadata["cycle"]
        == "Doppler effect -> wave -> wavelength -> frequency -> Doppler effect"
    )


def test_a_long_cycle_is_told_as_far_as_an_error_has_room(chart: flowchart_pb2.Flowchart) -> None:
    for node in chart.nodes:
        node.name = f"{node.name} {'波' * 180}"
    with pytest.raises(CallError) as refused:
        edit.apply(chart, [add_edge("Doppler effect", "wave", flowchart_pb2.PREREQUISITE)])
    told = refused.value.metadata["cycle"]
    assert told.startswith("Doppler effect")
    assert told.endswith(" -> …")
    assert len(told) <= edit.MOST_CYCLE_CHARACTERS


def test_a_refused_edit_leaves_the_map_as_it_was(chart: flowchart_pb2.Flowchart) -> None:
    before = chart.SerializeToString(deterministic=True)
    added = messages.FlowchartEdit(add_node=messages.AddNode(name="amplitude"))
    with pytest.raises(CallError):
        edit.apply(chart, [added, add_edge("frequency", "wavelength", flowchart_pb2.ADVANCED_FROM)])
    assert chart.SerializeToString(deterministic=True) == before


def test_a_related_edge_may_go_any_way(chart: flowchart_pb2.Flowchart) -> None:
    changed = edit.apply(chart, [add_edge("Doppler effect", "wave", flowchart_pb2.RELATED)])
    related = {node.name: list(node.related_ids) for node in changed.nodes if node.related_ids}
    assert related == {"wave": [id_of("Doppler effect")], "Doppler effect": [id_of("wave")]}


def test_an_added_node_gets_a_place_of_its_own(chart: flowchart_pb2.Flowchart) -> None:
    changed = edit.apply(chart, [messages.FlowchartEdit(add_node=messages.AddNode(name="amplitude"))])
    places = {(node.position.x, node.position.y) for node in changed.nodes}
    assert len(places) == len(changed.nodes) == 5
    assert changed.extent.y > chart.extent.y


def test_a_removed_node_takes_its_edges_along(chart: flowchart_pb2.Flowchart) -> None:
    removed = messages.FlowchartEdit(remove_node=messages.RemoveNode(node_id=id_of("frequency")))
    changed = edit.apply(chart, [removed])
    assert {node.name for node in changed.nodes} == {"wave", "wavelength", "Doppler effect"}
    assert len(changed.edges) == 1


def test_a_changed_description_is_no_quote_any_more(chart: flowchart_pb2.Flowchart) -> None:
    chart.nodes[0].citation.quote = "A wave is defined."
    change = messages.UpdateNode(node_id=chart.nodes[0].node_id, description="My own words.")
    changed = edit.apply(chart, [messages.FlowchartEdit(update_node=change)])
    assert changed.nodes[0].description == "My own words."
    assert not changed.nodes[0].HasField("citation")


@pytest.mark.parametrize("name", ["wave", "WAVE"])
def test_a_name_may_not_be_used_twice(chart: flowchart_pb2.Flowchart, name: str) -> None:
    with pytest.raises(CallError) as refused:
        edit.apply(chart, [messages.FlowchartEdit(add_node=messages.AddNode(name=name))])
    assert refused.value.violations[0].field == "edits[0].add_node.name"


def test_a_path_follows_prerequisites_one_way_only(chart: flowchart_pb2.Flowchart) -> None:
    found = paths.path(chart, id_of("wave"), id_of("Doppler effect"))
    assert [node.name for node in found] == CHAIN
    with pytest.raises(CallError) as refused:
        paths.path(chart, id_of("Doppler effect"), id_of("wave"))
    assert refused.value.reason == reason_pb2.REASON_NO_PATH


def test_everything_before_a_concept_is_listed_in_order(chart: flowchart_pb2.Flowchart) -> None:
    assert [node.name for node in paths.prerequisites(chart, id_of("frequency"))] == ["wave", "wavelength"]


def test_svg_is_well_formed_and_shows_every_name(chart: flowchart_pb2.Flowchart) -> None:
    content_type, data = export.export(chart, flowchart_pb2.EXPORT_FORMAT_UNSPECIFIED)
    text = " ".join(ElementTree.fromstring(data).itertext())
    assert content_type == "image/svg+xml"
    assert all(name in text for name in CHAIN)


def test_graphml_is_read_back_with_all_nodes_and_edges(chart: flowchart_pb2.Flowchart) -> None:
    _, data = export.export(chart, flowchart_pb2.GRAPHML)
    read = nx.read_graphml(io.BytesIO(data))
    assert {read.nodes[node]["name"] for node in read.nodes} == set(CHAIN)
    assert read.number_of_edges() == 3


def test_json_is_the_map_as_the_api_shows_it(chart: flowchart_pb2.Flowchart) -> None:
    _, data = export.export(chart, flowchart_pb2.JSON)
    assert [node["name"] for node in json.loads(data)["nodes"]] == CHAIN


hostile = st.text(max_size=60).filter(str.strip)


@given(hostile, st.sampled_from(sorted(export.WRITERS)))
def test_any_text_of_a_document_can_be_exported(
    text: str, file_format: flowchart_pb2.ExportFormat.ValueType
) -> None:
    made = graph.build_map("document", [task_pb2.Concept(name=text, description=text)], [])
    layout.place_all(made)
    content_type, data = export.export(made, file_format)
    if content_type.endswith("xml"):
        ElementTree.fromstring(data)
    if file_format in (flowchart_pb2.MERMAID, flowchart_pb2.DOT):
        label = next(line for line in data.decode().splitlines() if "n1" in line)
        assert label.rstrip().endswith(('"]', '"];'))
