"""Concepts and how they depend on each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.cards import CardStyle, several_pictures
from workers.render.elements import Element, Panel, Stroke, Words
from workers.render.errors import SceneInvalidError
from workers.render.flow import body_styles, require
from workers.render.graph_places import PADDING_X, Drawing, in_columns, in_rows, node_size, spread
from workers.render.grid import arranged
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.layers import Layering, layered
from workers.render.mention import first_mention
from workers.render.palette import ACCENT, CALM, FOCUS, LINK, SURFACE, SURFACE_RAISED, TEXT
from workers.render.routing import Router
from workers.render.storyboard import Motion, Storyboard
from workers.render.text import TextStyle, text_block

MOST_PASSAGES = 60
COLUMN_COUNTS = (3, 4, 5)
COLUMN_GAP = 34.0
ROW_GAP = 24.0
LARGE_SIZES = (38.0, 34.0)
FEW = 6
"""Up to so many nodes are tried in larger letters."""


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """Layers from top to bottom or left to right, in the largest letters that fit; else a list of relations."""
    labels, edges, notes = _parts(scene)
    layerings = _layerings(len(labels), edges)
    order = [slot.node for layer in layerings[0].layers for slot in layer if slot.node >= 0]
    spoken = _spoken_order(labels, edges, order, scene.narration)
    large = [TextStyle(size) for size in LARGE_SIZES] if len(labels) <= FEW else []
    for style in [*large, *body_styles()]:
        for layering in layerings:
            across_first = max(len(layer) for layer in layering.layers) <= len(layering.layers)
            for downwards in (not across_first, across_first):
                yield partial(_drawn, scene.title, labels, layering, spoken, style, downwards, notes)
        for columns in COLUMN_COUNTS:
            if 1 < columns < len(labels):
                yield partial(_in_grid, scene.title, labels, edges, order, spoken, style, columns, notes)
    yield from (partial(_listed, scene.title, labels, edges, style, notes) for style in body_styles()[2:])


def _layerings(count: int, edges: list[tuple[int, int]]) -> list[Layering]:
    """The graph in layers of different greatest width, without those that too many edges run past."""
    found = [layered(count, edges, widest) for widest in dict.fromkeys((count, 5, 4, 3, 2, 1))]
    clear = [
        layering
        for layering in found
        if sum(slot.node < 0 for layer in layering.layers for slot in layer) <= MOST_PASSAGES
    ]
    return clear or found[:1]


def _spoken_order(
    labels: list[str], edges: list[tuple[int, int]], order: list[int], sentences: Sequence[str]
) -> list[int]:
    """The nodes in the order in which the narration speaks of them; one it never names comes with its neighbours."""
    never = len(sentences)
    named = [first_mention(label, sentences) for label in labels]
    near: list[list[int]] = [[] for _ in labels]
    for source, target in edges:
        near[source].append(named[target])
        near[target].append(named[source])
    moment = [named[n] if named[n] < never else min(near[n], default=never) for n in range(len(labels))]
    return sorted(order, key=lambda node: moment[node])


def _parts(scene: script_pb2.Scene) -> tuple[list[str], list[tuple[int, int]], list[str]]:
    """Labels, edges between their numbers, and notes on what was left out.

    Raises SceneInvalidError when two nodes have one key or an edge ends at no node.
    """
    nodes = scene.graph.nodes
    number = {node.key: index for index, node in enumerate(nodes)}
    if len(number) < len(nodes):
        raise SceneInvalidError("two nodes of the graph have the same key; give each its own")
    edges: dict[tuple[int, int], None] = {}
    notes: list[str] = []
    for edge in scene.graph.edges:
        if edge.source_key not in number or edge.target_key not in number:
            missing = edge.source_key if edge.source_key not in number else edge.target_key
            raise SceneInvalidError(f"an edge of the graph ends at {missing!r}, which is no node")
        if edge.source_key == edge.target_key:
            notes.append("an edge from a node to itself is not drawn")
            continue
        edges[number[edge.source_key], number[edge.target_key]] = None
    return [node.label or node.key for node in nodes], list(edges), notes


def _drawn(
    title: str,
    labels: list[str],
    layering: Layering,
    spoken: list[int],
    style: TextStyle,
    downwards: bool,
    notes: list[str],
) -> Storyboard:
    board = Storyboard(notes=list(notes))
    area, _ = open_scene(board, title)
    drawing = (
        in_rows(labels, layering, style, area) if downwards else in_columns(labels, layering, style, area)
    )
    ends = [(chain[0].node, chain[-1].node) for chain in layering.chains]
    _show(board, labels, spoken, ends, style, drawing)
    return board


def _in_grid(
    title: str,
    labels: list[str],
    edges: list[tuple[int, int]],
    order: list[int],
    spoken: list[int],
    style: TextStyle,
    columns: int,
    notes: list[str],
) -> Storyboard:
    """A deep graph folded into rows; its arrows are led round the nodes."""
    board = Storyboard(notes=list(notes))
    area, _ = open_scene(board, title)
    cells = arranged(order, edges, columns)
    most = (area.width - COLUMN_GAP * (columns - 1)) / columns
    sizes = [node_size(label, style, most) for label in labels]
    used = sorted({cell[1] for cell in cells})
    rows = sorted({cell[0] for cell in cells})
    widths = [max(sizes[n][0] for n, cell in enumerate(cells) if cell[1] == column) for column in used]
    heights = [max(sizes[n][1] for n, cell in enumerate(cells) if cell[0] == row) for row in rows]
    lefts = spread(widths, area.x, area.width, COLUMN_GAP, 110.0)
    tops = spread(heights, area.y, area.height, ROW_GAP, 70.0)
    boxes = []
    for (width, height), (row, column) in zip(sizes, cells, strict=True):
        x, y = used.index(column), rows.index(row)
        left = lefts[x] + (widths[x] - width) / 2
        boxes.append(Box(left, tops[y] + (heights[y] - height) / 2, width, height))
    router = Router(area, boxes)
    lines = []
    for source, target in sorted(edges, key=lambda edge: _distance(boxes, edge)):
        line = router.route(source, target)
        require(line is not None, "there is no way for an arrow")
        lines.append(((source, target), line or ()))
    drawing = Drawing(boxes, [line for _, line in lines])
    _show(board, labels, spoken, [edge for edge, _ in lines], style, drawing)
    return board


def _distance(boxes: Sequence[Box], edge: tuple[int, int]) -> float:
    (x1, y1), (x2, y2) = boxes[edge[0]].centre, boxes[edge[1]].centre
    return abs(x1 - x2) + abs(y1 - y2)


def _show(
    board: Storyboard,
    labels: list[str],
    order: Sequence[int],
    edges: Sequence[tuple[int, int]],
    style: TextStyle,
    drawing: Drawing,
) -> None:
    """A step for each node; an arrow comes with the second of its ends."""
    seen: set[int] = set()
    for node in order:
        board.step(labels[node])
        seen.add(node)
        for ends, line in zip(edges, drawing.lines, strict=True):
            if node in ends and seen.issuperset(ends):
                board.show(Stroke(line, LINK, 2.5, arrow=True), Motion.DRAW)
        board.focus(*_node(labels[node], style, drawing.boxes[node]))


def _node(label: str, style: TextStyle, box: Box) -> tuple[list[Element], list[Element]]:
    """A node while it is spoken of, and afterwards."""
    block = text_block(label, style, box.width - 2 * PADDING_X, "centre")
    x, y = box.x + PADDING_X, box.y + (box.height - block.height) / 2
    bright: list[Element] = [Panel(box, SURFACE_RAISED, border=FOCUS), Words(block, x, y, TEXT)]
    calm: list[Element] = [Panel(box, SURFACE, border=ACCENT), Words(block, x, y, CALM)]
    return bright, calm


def _listed(
    title: str, labels: list[str], edges: list[tuple[int, int]], style: TextStyle, notes: list[str]
) -> Storyboard:
    """Each concept on a card with what it leads to."""
    board = Storyboard(notes=[*notes, "the graph is shown as a list of its arrows"])
    area, heading = open_scene(board, title)
    texts = []
    for index, label in enumerate(labels):
        targets = [labels[target] for source, target in edges if source == index]
        texts.append(f"{label} → {'; '.join(targets)}" if targets else label)
    several_pictures(board, area, texts, CardStyle(style), heading)
    return board
