"""Questions a learner asks of a map: from here to there, what before, in which order."""

import networkx as nx
from mootion.errors.v1 import reason_pb2
from mootion.flowchart.v1 import flowchart_pb2

from mesh.errors import missing, not_found
from services.flowchart.graph import ordering_graph


def path(chart: flowchart_pb2.Flowchart, source_id: str, target_id: str) -> list[flowchart_pb2.ConceptNode]:
    """The shortest way along ordering edges.

    Raises:
        CallError: NOT_FOUND for an unknown node, NO_PATH when there is no way.
    """
    nodes = _by_id(chart)
    for node_id in (source_id, target_id):
        _require(nodes, node_id)
    try:
        names = nx.shortest_path(ordering_graph(chart), source_id, target_id)
    except nx.NetworkXNoPath:
        raise missing(
            reason_pb2.REASON_NO_PATH,
            f"No prerequisites lead from {nodes[source_id].name!r} to {nodes[target_id].name!r}. "
            "Try the other way round.",
        ) from None
    return [nodes[name] for name in names]


def prerequisites(chart: flowchart_pb2.Flowchart, node_id: str) -> list[flowchart_pb2.ConceptNode]:
    """Everything to understand before one concept, first things first.

    Raises:
        CallError: NOT_FOUND for an unknown node.
    """
    _require(_by_id(chart), node_id)
    before = nx.ancestors(ordering_graph(chart), node_id)
    return [node for node in chart.nodes if node.node_id in before]


def _by_id(chart: flowchart_pb2.Flowchart) -> dict[str, flowchart_pb2.ConceptNode]:
    return {node.node_id: node for node in chart.nodes}


def _require(nodes: dict[str, flowchart_pb2.ConceptNode], node_id: str) -> None:
    if node_id not in nodes:
        raise not_found("concept", node_id)
