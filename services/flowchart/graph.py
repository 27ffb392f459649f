"""Turns concepts and relations into a map whose order of learning has no cycle."""

from collections.abc import Iterable, Mapping, Sequence

import networkx as nx
from mootion.flowchart.v1 import flowchart_pb2
from mootion.llm.v1 import task_pb2

from mesh.ids import derived

# Edge types that say what to learn first; `RELATED` says nothing of the sort.
ORDERING = (flowchart_pb2.PREREQUISITE, flowchart_pb2.ADVANCED_FROM)
EDGE_TYPE = {
    task_pb2.PREREQUISITE: flowchart_pb2.PREREQUISITE,
    task_pb2.RELATED: flowchart_pb2.RELATED,
    task_pb2.ADVANCED_FROM: flowchart_pb2.ADVANCED_FROM,
}


def node_id(document_id: str, name: str) -> str:
    """The same for the same name in the same document."""
    return derived("concept", document_id, name.casefold())


def edge_id(document_id: str, edge: flowchart_pb2.ConceptEdge) -> str:
    """The same for the same ends and type in the same document."""
    kind = flowchart_pb2.ConceptEdgeType.Name(edge.type)
    return derived("relation", document_id, edge.source_id, edge.target_id, kind)


def build_map(
    document_id: str, concepts: Sequence[task_pb2.Concept], relations: Sequence[task_pb2.Relation]
) -> flowchart_pb2.Flowchart:
    """Makes a map: nodes in learning order with their levels, and edges without a cycle of prerequisites."""
    chart = flowchart_pb2.Flowchart(document_id=document_id)
    nodes = {concept.name: _node(document_id, concept) for concept in concepts}
    chart.nodes.extend(nodes.values())
    ids = {name: node.node_id for name, node in nodes.items()}
    edges, broken = without_cycles(_edges(document_id, ids, relations))
    chart.edges.extend(edges)
    chart.broken_cycle_count = broken
    order(chart)
    _set_levels(chart)
    return chart


def _node(document_id: str, concept: task_pb2.Concept) -> flowchart_pb2.ConceptNode:
    node = flowchart_pb2.ConceptNode(
        node_id=node_id(document_id, concept.name),
        name=concept.name,
        level=concept.level,
        description=concept.description,
        importance=concept.importance,
    )
    if concept.HasField("definition"):
        node.citation.CopyFrom(concept.definition)
    return node


def _edges(
    document_id: str, ids: Mapping[str, str], relations: Iterable[task_pb2.Relation]
) -> list[flowchart_pb2.ConceptEdge]:
    """The strongest relation of each kind between two known concepts."""
    strongest: dict[str, flowchart_pb2.ConceptEdge] = {}
    for relation in relations:
        if relation.source not in ids or relation.target not in ids or relation.source == relation.target:
            continue
        edge = _edge(document_id, ids[relation.source], ids[relation.target], relation)
        known = strongest.get(edge.edge_id)
        if known is None or edge.weight > known.weight:
            strongest[edge.edge_id] = edge
    return list(strongest.values())


def _edge(
    document_id: str, source_id: str, target_id: str, relation: task_pb2.Relation
) -> flowchart_pb2.ConceptEdge:
    kind = EDGE_TYPE[relation.type]
    if kind == flowchart_pb2.RELATED and target_id < source_id:
        source_id, target_id = target_id, source_id
    edge = flowchart_pb2.ConceptEdge(
        source_id=source_id, target_id=target_id, type=kind, weight=min(1.0, max(0.0, relation.weight))
    )
    if relation.HasField("evidence"):
        edge.evidence.CopyFrom(relation.evidence)
    edge.edge_id = edge_id(document_id, edge)
    return edge


def without_cycles(
    edges: Iterable[flowchart_pb2.ConceptEdge],
) -> tuple[list[flowchart_pb2.ConceptEdge], int]:
    """Breaks every cycle of ordering edges at its weakest edge.

    Edges enter by falling weight, and one that would close a cycle stays out: it is the weakest of that cycle,
    as in Kruskal's construction of a spanning tree.

    Returns:
        The edges that stay, strongest first, and how many ordering edges were left out.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    kept, broken = [], 0
    for edge in sorted(edges, key=lambda edge: (-edge.weight, edge.edge_id)):
        if edge.type in ORDERING:
            if closes_cycle(graph, edge.source_id, edge.target_id):
                broken += 1
                continue
            graph.add_edge(edge.source_id, edge.target_id)
        kept.append(edge)
    return kept, broken


def closes_cycle(graph: "nx.DiGraph[str]", source_id: str, target_id: str) -> bool:
    """Whether an edge from source to target would make a cycle."""
    if source_id == target_id:
        return True
    return source_id in graph and target_id in graph and nx.has_path(graph, target_id, source_id)


def ordering_graph(chart: flowchart_pb2.Flowchart) -> "nx.DiGraph[str]":
    """The map's nodes with the edges that say what to learn first."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(node.node_id for node in chart.nodes)
    graph.add_weighted_edges_from(
        (edge.source_id, edge.target_id, edge.weight) for edge in chart.edges if edge.type in ORDERING
    )
    return graph


def needed_order(chart: flowchart_pb2.Flowchart) -> "nx.DiGraph[str]":
    """The fewest edges that say the same of what to learn first: the transitive reduction of the order.

    In the order of the map: the library's own comes from sets of texts, which differ in every process.
    """
    order = ordering_graph(chart)
    needed = nx.transitive_reduction(order).edges
    order.remove_edges_from([edge for edge in order.edges if edge not in needed])
    return order


def depths(graph: "nx.DiGraph[str]") -> dict[str, int]:
    """Length of the longest chain of prerequisites before each node; 0 for those without any."""
    depth: dict[str, int] = {}
    for name in nx.topological_sort(graph):
        depth[name] = 1 + max((depth[before] for before in graph.predecessors(name)), default=-1)
    return depth


def order(chart: flowchart_pb2.Flowchart) -> None:
    """Puts the nodes in learning order, important ones first where the order leaves a choice, and writes into
    each node what comes before it and what is related."""
    graph = ordering_graph(chart)
    importance = {node.node_id: (-node.importance, node.name) for node in chart.nodes}
    position = {
        name: place
        for place, name in enumerate(nx.lexicographical_topological_sort(graph, key=importance.__getitem__))
    }
    chart.nodes.sort(key=lambda node: position[node.node_id])
    chart.edges.sort(key=lambda edge: (position[edge.source_id], position[edge.target_id], edge.type))
    for node in chart.nodes:
        node.prerequisite_ids[:] = sorted(graph.predecessors(node.node_id), key=position.__getitem__)
        node.related_ids[:] = sorted(_related(chart, node.node_id), key=position.__getitem__)


def _related(chart: flowchart_pb2.Flowchart, node: str) -> set[str]:
    ends = [(e.source_id, e.target_id) for e in chart.edges if e.type == flowchart_pb2.RELATED]
    return {b for a, b in ends if a == node} | {a for a, b in ends if b == node}


def _set_levels(chart: flowchart_pb2.Flowchart) -> None:
    """Levels by depth in the order of learning; a node outside of the order keeps the engine's level."""
    graph = ordering_graph(chart)
    depth = depths(graph)
    for node in chart.nodes:
        if graph.degree(node.node_id) or not node.level:
            node.level = level_at(depth[node.node_id], max(depth.values(), default=0))


def level_at(depth: int, deepest: int) -> task_pb2.ConceptLevel.ValueType:
    """FUNDAMENTAL without prerequisites; ADVANCED in the deeper half of a map at least two deep."""
    if depth == 0:
        return task_pb2.FUNDAMENTAL
    if deepest >= 2 and depth > deepest / 2:
        return task_pb2.ADVANCED
    return task_pb2.INTERMEDIATE
