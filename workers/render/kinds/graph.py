"""Concepts and how they depend on each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.cards import CardStyle, several_pictures
from workers.render.elements import Element, Panel, Point, Stroke, Words
from workers.render.errors import SceneInvalidError
from workers.render.flow import body_styles, require, require_whole_words
from workers.render.grid import arranged
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.layers import Layering, Slot, layered
from workers.render.mention import first_mention
from workers.render.palette import ACCENT, CALM, FOCUS, LINK, SURFACE, SURFACE_RAISED, TEXT
from workers.render.routing import Router
from workers.render.storyboard import Motion, Storyboard
from workers.render.text import TextStyle, longest_word, natural_width, text_block

PADDING_X = 13.0
PADDING_Y = 7.0
NODE_GAP = 18.0
LAYER_GAP = 34.0
WIDEST_LAYER_GAP = 70.0
PASSAGE = 12.0
"""Room that an edge takes where it runs past a layer."""

MOST_PASSAGES = 60
WIDEST_NODE = 330.0
EDGE_CLEARANCE = 3.0
COLUMN_COUNTS = (3, 4, 5)
COLUMN_GAP = 34.0
ROW_GAP = 24.0
LARGE_SIZES = (38.0, 34.0)
FEW = 6
"""Up to so many nodes are tried in larger letters."""


@dataclass(frozen=True)
class Drawing:
    """A graph with every place computed: a box for each node, points for each edge."""

    boxes: list[Box]
    lines: list[tuple[Point, ...]]


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
    drawing = _down(labels, layering, style, area) if downwards else _across(labels, layering, style, area)
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
    sizes = [_node_size(label, style, most) for label in labels]
    used = sorted({cell[1] for cell in cells})
    rows = sorted({cell[0] for cell in cells})
    widths = [max(sizes[n][0] for n, cell in enumerate(cells) if cell[1] == column) for column in used]
    heights = [max(sizes[n][1] for n, cell in enumerate(cells) if cell[0] == row) for row in rows]
    lefts = _spread(widths, area.x, area.width, COLUMN_GAP, 110.0)
    tops = _spread(heights, area.y, area.height, ROW_GAP, 70.0)
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


def _node_size(label: str, style: TextStyle, most: float) -> tuple[float, float]:
    """Width and height of a node whose label is wrapped as evenly as it can be within `most` points."""
    most = min(most, WIDEST_NODE) - 2 * PADDING_X
    require(most > 0, "there is no room for a node")
    require_whole_words([label], style, most)
    whole = natural_width(label, style)
    block = text_block(label, style, most)
    lines = len(block.lines)
    even = min(most, max(whole / lines * 1.12, longest_word(label, style) + 1))
    if len(text_block(label, style, even).lines) == lines:
        block = text_block(label, style, even)
    return block.width + 2 * PADDING_X + 1, block.height + 2 * PADDING_Y


def _down(labels: list[str], layering: Layering, style: TextStyle, area: Box) -> Drawing:
    """Layers as rows."""
    sizes: dict[int, tuple[float, float]] = {}
    for layer in layering.layers:
        nodes = [slot.node for slot in layer if slot.node >= 0]
        room = area.width - NODE_GAP * (len(layer) - 1) - PASSAGE * (len(layer) - len(nodes))
        for node in nodes:
            sizes[node] = _node_size(labels[node], style, room / len(nodes))
    heights = [max(sizes[slot.node][1] for slot in layer if slot.node >= 0) for layer in layering.layers]
    tops = _spread(heights, area.y, area.height)
    centres = _aligned(layering, [sizes[node][0] for node in range(len(labels))], area.x, area.right)
    boxes: list[Box] = [area] * len(labels)
    ends: dict[Slot, tuple[Point, Point]] = {}
    for layer, top, height in zip(layering.layers, tops, heights, strict=True):
        for slot in layer:
            x = centres[slot]
            if slot.node < 0:
                ends[slot] = (x, top - EDGE_CLEARANCE), (x, top + height + EDGE_CLEARANCE)
                continue
            width, tall = sizes[slot.node]
            box = Box(x - width / 2, top + (height - tall) / 2, width, tall)
            boxes[slot.node] = box
            ends[slot] = (x, box.y - EDGE_CLEARANCE), (x, box.bottom + EDGE_CLEARANCE)
    return Drawing(boxes, [_line(layering, number, ends) for number in range(len(layering.chains))])


def _across(labels: list[str], layering: Layering, style: TextStyle, area: Box) -> Drawing:
    """Layers as columns."""
    count = len(layering.layers)
    most = (area.width - LAYER_GAP * 1.3 * (count - 1)) / count
    sizes = [_node_size(label, style, most) for label in labels]
    widths = [max(sizes[slot.node][0] for slot in layer if slot.node >= 0) for layer in layering.layers]
    lefts = _spread(widths, area.x, area.width, LAYER_GAP * 1.3, WIDEST_LAYER_GAP * 1.3)
    centres = _aligned(layering, [size[1] for size in sizes], area.y, area.bottom)
    boxes: list[Box] = [area] * len(labels)
    ends: dict[Slot, tuple[Point, Point]] = {}
    for layer, left, width in zip(layering.layers, lefts, widths, strict=True):
        for slot in layer:
            y = centres[slot]
            if slot.node < 0:
                ends[slot] = (left - EDGE_CLEARANCE, y), (left + width + EDGE_CLEARANCE, y)
                continue
            wide, height = sizes[slot.node]
            box = Box(left + (width - wide) / 2, y - height / 2, wide, height)
            boxes[slot.node] = box
            ends[slot] = (box.x - EDGE_CLEARANCE, y), (box.right + EDGE_CLEARANCE, y)
    return Drawing(boxes, [_line(layering, number, ends) for number in range(len(layering.chains))])


def _spread(
    sizes: Sequence[float],
    start: float,
    room: float,
    least: float = LAYER_GAP,
    widest: float = WIDEST_LAYER_GAP,
) -> list[float]:
    """Where each layer begins, with equal gaps of `least` to `widest` points, centred."""
    slack = room - sum(sizes)
    gaps = len(sizes) - 1
    require(slack >= least * gaps - 0.01, "the layers are higher than the area")
    gap = min(widest, slack / gaps) if gaps else 0.0
    place = start + (slack - gap * gaps) * 0.46
    places = []
    for size in sizes:
        places.append(place)
        place += size + gap
    return places


def _aligned(layering: Layering, sizes: Sequence[float], low: float, high: float) -> dict[Slot, float]:
    """The middle of each slot along its layer: near the middle of its neighbours, apart from the slots beside it."""
    span = {
        slot: sizes[slot.node] if slot.node >= 0 else PASSAGE for layer in layering.layers for slot in layer
    }
    centres: dict[Slot, float] = {}
    for layer in layering.layers:
        total = sum(span[slot] for slot in layer) + NODE_GAP * (len(layer) - 1)
        require(total <= high - low + 0.01, "a layer is wider than the area")
        gap = min((high - low - sum(span[slot] for slot in layer)) / (len(layer) + 1), 60.0)
        gap = max(gap, NODE_GAP if len(layer) > 1 else 0.0)
        place = (low + high - sum(span[slot] for slot in layer) - gap * (len(layer) - 1)) / 2
        for slot in layer:
            centres[slot] = place + span[slot] / 2
            place += span[slot] + gap
    near: dict[Slot, list[Slot]] = {}
    for chain in layering.chains:
        for first, second in pairwise(chain):
            near.setdefault(first, []).append(second)
            near.setdefault(second, []).append(first)
    for _ in range(8):
        for layer in layering.layers:
            wishes = [
                sum(centres[other] for other in near[slot]) / len(near[slot])
                if slot in near
                else centres[slot]
                for slot in layer
            ]
            _settle(layer, wishes, span, centres, low, high)
    lowest = min(centres[slot] - span[slot] / 2 for slot in centres)
    highest = max(centres[slot] + span[slot] / 2 for slot in centres)
    shift = (low + high - lowest - highest) / 2
    return {slot: centre + shift for slot, centre in centres.items()}


def _settle(
    layer: Sequence[Slot],
    wishes: Sequence[float],
    span: dict[Slot, float],
    centres: dict[Slot, float],
    low: float,
    high: float,
) -> None:
    """Moves each slot half way to its wish, then pushes apart what is too near, from both ends."""
    wanted = [(centres[slot] + wish) / 2 for slot, wish in zip(layer, wishes, strict=True)]
    edge = low
    for index, slot in enumerate(layer):
        wanted[index] = max(wanted[index], edge + span[slot] / 2)
        edge = wanted[index] + span[slot] / 2 + NODE_GAP
    edge = high
    for index in range(len(layer) - 1, -1, -1):
        wanted[index] = min(wanted[index], edge - span[layer[index]] / 2)
        edge = wanted[index] - span[layer[index]] / 2 - NODE_GAP
    centres.update(zip(layer, wanted, strict=True))


def _line(layering: Layering, number: int, ends: dict[Slot, tuple[Point, Point]]) -> tuple[Point, ...]:
    chain = layering.chains[number]
    points = [ends[chain[0]][1]]
    for slot in chain[1:-1]:
        points.extend(ends[slot])
    points.append(ends[chain[-1]][0])
    return tuple(reversed(points)) if number in layering.reversed_edges else tuple(points)


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
