"""Edits of a map by its owner: all of a request or none of it, and never a cycle of prerequisites."""

from collections.abc import Iterable
from textwrap import shorten

import networkx as nx
from mootion.errors.v1 import reason_pb2
from mootion.flowchart.v1 import flowchart_pb2, flowchart_service_pb2

from mesh.errors import CallError, invalid, not_found, precondition
from services.flowchart import graph, layout

# An error travels in headers, where a client takes 8 KiB, and a letter may take nine bytes there.
MOST_CYCLE_CHARACTERS = 300


def apply(
    chart: flowchart_pb2.Flowchart, edits: Iterable[flowchart_service_pb2.FlowchartEdit]
) -> flowchart_pb2.Flowchart:
    """A changed copy of the map.

    Raises:
        CallError: NOT_FOUND, INVALID_FIELD or PREREQUISITE_CYCLE; the map given is unchanged.
    """
    changed = flowchart_pb2.Flowchart()
    changed.CopyFrom(chart)
    for index, edit in enumerate(edits):
        _apply_one(changed, edit, f"edits[{index}]")
    graph.order(changed)
    layout.place_new(changed)
    return changed


def _apply_one(chart: flowchart_pb2.Flowchart, edit: flowchart_service_pb2.FlowchartEdit, field: str) -> None:
    match edit.WhichOneof("edit"):
        case "add_node":
            _add_node(chart, edit.add_node, field)
        case "update_node":
            _update_node(chart, edit.update_node, field)
        case "remove_node":
            _remove_node(chart, edit.remove_node.node_id)
        case "add_edge":
            _add_edge(chart, edit.add_edge, field)
        case "remove_edge":
            _remove_edge(chart, edit.remove_edge.edge_id)


def _add_node(chart: flowchart_pb2.Flowchart, added: flowchart_service_pb2.AddNode, field: str) -> None:
    _refuse_known_name(chart, added.name, f"{field}.add_node.name")
    chart.nodes.add(
        node_id=graph.node_id(chart.document_id, added.name),
        name=added.name,
        description=added.description,
        level=added.level or graph.level_at(0, 0),
        importance=0.5,
    )


def _update_node(
    chart: flowchart_pb2.Flowchart, change: flowchart_service_pb2.UpdateNode, field: str
) -> None:
    node = _node(chart, change.node_id)
    if change.name and change.name != node.name:
        if change.name.casefold() != node.name.casefold():
            _refuse_known_name(chart, change.name, f"{field}.update_node.name")
        node.name = change.name
    if change.description and change.description != node.description:
        node.description = change.description
        node.ClearField("citation")
    if change.HasField("position"):
        node.position.CopyFrom(change.position)


def _remove_node(chart: flowchart_pb2.Flowchart, node_id: str) -> None:
    chart.nodes.remove(_node(chart, node_id))
    kept = [edge for edge in chart.edges if node_id not in (edge.source_id, edge.target_id)]
    del chart.edges[:]
    chart.edges.extend(kept)


def _add_edge(chart: flowchart_pb2.Flowchart, added: flowchart_service_pb2.AddEdge, field: str) -> None:
    if added.source_id == added.target_id:
        raise invalid(f"{field}.add_edge.target_id", "must be another node than source_id")
    ends = [_node(chart, added.source_id), _node(chart, added.target_id)]
    if added.type == flowchart_pb2.RELATED:
        ends.sort(key=lambda node: node.node_id)
    else:
        _refuse_cycle(chart, *ends)
    edge = flowchart_pb2.ConceptEdge(
        source_id=ends[0].node_id, target_id=ends[1].node_id, type=added.type, weight=added.weight or 1.0
    )
    edge.edge_id = graph.edge_id(chart.document_id, edge)
    known = next((other for other in chart.edges if other.edge_id == edge.edge_id), None)
    if known is None:
        chart.edges.append(edge)
    else:
        known.weight = edge.weight


def _refuse_cycle(
    chart: flowchart_pb2.Flowchart, source: flowchart_pb2.ConceptNode, target: flowchart_pb2.ConceptNode
) -> None:
    ordering = graph.ordering_graph(chart)
    if not graph.closes_cycle(ordering, source.node_id, target.node_id):
        return
    names = {node.node_id: node.name for node in chart.nodes}
    back = nx.shortest_path(ordering, target.node_id, source.node_id)
    cycle = " -> ".join(names[name] for name in [source.node_id, *back])
    cycle = shorten(cycle, MOST_CYCLE_CHARACTERS, placeholder=" -> …")
    error: CallError = precondition(
        reason_pb2.REASON_PREREQUISITE_CYCLE,
        f"This edge would make a cycle of prerequisites: {cycle}. Remove one of its edges first.",
    )
    error.metadata = {"cycle": cycle}
    raise error


def _remove_edge(chart: flowchart_pb2.Flowchart, edge_id: str) -> None:
    for edge in chart.edges:
        if edge.edge_id == edge_id:
            chart.edges.remove(edge)
            return
    raise not_found("relation", edge_id)


def _node(chart: flowchart_pb2.Flowchart, node_id: str) -> flowchart_pb2.ConceptNode:
    for node in chart.nodes:
        if node.node_id == node_id:
            return node
    raise not_found("concept", node_id)


def _refuse_known_name(chart: flowchart_pb2.Flowchart, name: str, field: str) -> None:
    new_id = graph.node_id(chart.document_id, name)
    if any(node.node_id == new_id or node.name.casefold() == name.casefold() for node in chart.nodes):
        raise invalid(field, f"the map has a concept {name!r} already")
