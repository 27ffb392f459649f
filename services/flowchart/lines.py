"""The lines between the boxes of a drawn map: which are drawn, where they touch boxes, and how they pass others."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mootion.flowchart.v1 import flowchart_pb2

from services.flowchart.graph import ORDERING, needed_order
from services.flowchart.layout import NODE_HEIGHT, NODE_WIDTH

# How far apart lines touch one box, and how near its corners they come at most.
PORT_GAP = 14.0
CORNER = 24.0
# What stays free between a line and a box that it passes.
CLEARANCE = 7.0
_Nodes = dict[str, flowchart_pb2.ConceptNode]


@dataclass(frozen=True)
class Line:
    """A drawn edge.

    Attributes:
        path: `d` of an SVG path.
    """

    edge: flowchart_pb2.ConceptEdge
    path: str


def lines(chart: flowchart_pb2.Flowchart) -> list[Line]:
    """What is drawn between the boxes: each line goes between the boxes of the rows that it passes."""
    nodes = {node.node_id: node for node in chart.nodes}
    shown = drawn(chart)
    leaves = _ports(shown, nodes, outwards=True)
    enters = _ports(shown, nodes, outwards=False)
    rows = _rows(chart.nodes)
    return [
        Line(edge, _path(nodes[edge.source_id], nodes[edge.target_id], leaves[index], enters[index], rows))
        for index, edge in enumerate(shown)
    ]


def drawn(chart: flowchart_pb2.Flowchart) -> list[flowchart_pb2.ConceptEdge]:
    """All edges but those of the order that follow from others."""
    needed = needed_order(chart).edges
    return [
        edge
        for edge in chart.edges
        if edge.type not in ORDERING or (edge.source_id, edge.target_id) in needed
    ]


def _ports(shown: Sequence[flowchart_pb2.ConceptEdge], nodes: _Nodes, *, outwards: bool) -> list[float]:
    """Where each edge touches its box, from left to right in the order of their other ends."""
    touching: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for index, edge in enumerate(shown):
        near, far = (edge.source_id, edge.target_id) if outwards else (edge.target_id, edge.source_id)
        touching[near].append((nodes[far].position.x, index))
    places = [0.0] * len(shown)
    for name, found in touching.items():
        gap = min(PORT_GAP, (NODE_WIDTH - 2 * CORNER) / max(1, len(found) - 1))
        first = nodes[name].position.x - gap * (len(found) - 1) / 2
        for number, (_, index) in enumerate(sorted(found)):
            places[index] = first + gap * number
    return places


def _rows(nodes: Iterable[flowchart_pb2.ConceptNode]) -> dict[float, list[float]]:
    """The middles of the boxes of each row, from left to right."""
    rows: dict[float, list[float]] = defaultdict(list)
    for node in nodes:
        rows[node.position.y].append(node.position.x)
    return {height: sorted(rows[height]) for height in sorted(rows)}


def _path(
    source: flowchart_pb2.ConceptNode,
    target: flowchart_pb2.ConceptNode,
    leaves: float,
    enters: float,
    rows: dict[float, list[float]],
) -> str:
    """Down from box to box through the rows between; in one row, an arc over the boxes between."""
    upper, lower = source.position.y, target.position.y
    if abs(upper - lower) < NODE_HEIGHT:
        top = min(upper, lower) - NODE_HEIGHT / 2
        return f"M{leaves:.0f} {top:.0f}C{leaves:.0f} {top - 26:.0f} {enters:.0f} {top - 26:.0f} {enters:.0f} {top:.0f}"
    half = NODE_HEIGHT / 2 if lower > upper else -NODE_HEIGHT / 2
    x, y = leaves, upper + half
    path = [f"M{x:.0f} {y:.0f}"]
    between = [row for row in rows if min(upper, lower) < row < max(upper, lower)]
    for number, row in enumerate(between if half > 0 else reversed(between)):
        straight = x + (enters - x) / (len(between) + 1 - number)
        past = free_place(rows[row], straight)
        path.append(_bend(x, y, past, row - half))
        path.append(f"V{row + half:.0f}")
        x, y = past, row + half
    path.append(_bend(x, y, enters, lower - half))
    return "".join(path)


def free_place(boxes: Sequence[float], wished: float) -> float:
    """The place nearest to the wished one where a line passes between boxes, or beside them.

    Args:
        boxes: the middles of the boxes of a row, from left to right.
    """
    reach = NODE_WIDTH / 2 + CLEARANCE
    lefts = [-math.inf, *(box + reach for box in boxes)]
    rights = [*(box - reach for box in boxes), math.inf]
    free = [(left, right) for left, right in zip(lefts, rights, strict=True) if left <= right]
    return min((min(max(wished, left), right) for left, right in free), key=lambda place: abs(place - wished))


def _bend(x1: float, y1: float, x2: float, y2: float) -> str:
    middle = (y1 + y2) / 2
    return f"C{x1:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {y2:.0f}"
