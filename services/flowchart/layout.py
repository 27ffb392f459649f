"""Where the nodes of a map are drawn: layers by depth, wide layers in rows, no two nodes on one place."""

from collections.abc import Mapping, Sequence

import fast_sugiyama
import networkx as nx
from mootion.flowchart.v1 import flowchart_pb2

from services.flowchart.graph import depths, needed_order, ordering_graph

NODE_WIDTH = 176
NODE_HEIGHT = 60
COLUMN = NODE_WIDTH + 28
ROW = NODE_HEIGHT + 36
LAYER_GAP = 44
MARGIN = 40
MOST_IN_ROW = 7


def place_all(chart: flowchart_pb2.Flowchart) -> None:
    """Gives every node its place."""
    top = float(MARGIN)
    for rows in _layers(chart):
        for row in rows:
            _place_row(row, top)
            top += ROW
        top += LAYER_GAP
    set_extent(chart)


def place_new(chart: flowchart_pb2.Flowchart) -> None:
    """Gives nodes without a place one in a new row at the bottom; the others stay where they are."""
    new = [node for node in chart.nodes if not node.HasField("position")]
    placed = [node.position.y for node in chart.nodes if node.HasField("position")]
    top = max(placed, default=MARGIN - ROW) - NODE_HEIGHT / 2 + ROW
    for row in _rows(new):
        _place_row(row, top)
        top += ROW
    set_extent(chart)


def set_extent(chart: flowchart_pb2.Flowchart) -> None:
    """Writes the size of the drawing."""
    right = max((node.position.x for node in chart.nodes), default=0.0) + NODE_WIDTH / 2 + MARGIN
    bottom = max((node.position.y for node in chart.nodes), default=0.0) + NODE_HEIGHT / 2 + MARGIN
    chart.extent.x, chart.extent.y = right, bottom


def _layers(chart: flowchart_pb2.Flowchart) -> list[list[list[flowchart_pb2.ConceptNode]]]:
    """Rows of nodes for each depth. Nodes that the order says nothing of come last, in rows of their own."""
    graph = ordering_graph(chart)
    depth, across = depths(graph), _across(needed_order(chart))
    loose = [node for node in chart.nodes if graph.degree(node.node_id) == 0]
    layers: dict[int, list[flowchart_pb2.ConceptNode]] = {}
    for node in chart.nodes:
        if graph.degree(node.node_id):
            layers.setdefault(depth[node.node_id], []).append(node)
    ordered = [
        sorted(layers[d], key=lambda node: (across[node.node_id], node.node_id)) for d in sorted(layers)
    ]
    return [_rows(layer) for layer in [*ordered, loose] if layer]


def _across(graph: "nx.DiGraph[str]") -> Mapping[str, float]:
    """Sugiyama's horizontal coordinate of each connected node: it keeps crossings few. Components stand side by side.

    The library numbers nodes by iterating a set, which is the same in every process only for small integers, and
    gives the bends of long edges numbers behind them.
    """
    connected = [name for name in graph if graph.degree(name)]
    number = {name: index for index, name in enumerate(connected)}
    layouts = fast_sugiyama.from_edges([(number[a], number[b]) for a, b in graph.edges])
    across: dict[str, float] = {}
    offset = 0.0
    for places, width, _height, _edges in layouts:
        nodes = ((int(index), x) for index, (x, _y) in places)
        across |= {connected[index]: offset + x for index, x in nodes if index < len(connected)}
        offset += width + COLUMN
    return across


def _rows(nodes: Sequence[flowchart_pb2.ConceptNode]) -> list[list[flowchart_pb2.ConceptNode]]:
    """Splits a layer into rows of about equal length."""
    count = -(-len(nodes) // MOST_IN_ROW)
    if count == 0:
        return []
    length = -(-len(nodes) // count)
    return [list(nodes[start : start + length]) for start in range(0, len(nodes), length)]


def _place_row(row: Sequence[flowchart_pb2.ConceptNode], top: float) -> None:
    left = MARGIN + (MOST_IN_ROW - len(row)) * COLUMN / 2
    for column, node in enumerate(row):
        node.position.x = left + column * COLUMN + NODE_WIDTH / 2
        node.position.y = top + NODE_HEIGHT / 2
