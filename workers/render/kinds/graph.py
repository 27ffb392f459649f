"""Concepts and how they depend on each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from mootion.video.v1 import script_pb2

from workers.render.box import Box
from workers.render.cards import CardStyle, several_pictures
from workers.render.elements import Element, Panel, Point, Stroke, Words
from workers.render.errors import SceneInvalidError
from workers.render.flow import body_styles, require, require_whole_words
from workers.render.heading import open_scene
from workers.render.kinds.attempt import Attempt
from workers.render.layers import Layering, Slot, layered
from workers.render.palette import ACCENT, CALM, FOCUS, RULE, SURFACE, SURFACE_RAISED, TEXT
from workers.render.storyboard import Motion, Storyboard
from workers.render.text import TextStyle, natural_width, text_block

PADDING_X = 13.0
PADDING_Y = 9.0
NODE_GAP = 18.0
LAYER_GAP = 34.0
WIDEST_LAYER_GAP = 70.0
PASSAGE = 12.0
"""Room that an edge takes where it runs past a layer."""

MOST_PASSAGES = 60
WIDEST_NODE = 330.0
EDGE_CLEARANCE = 3.0


@dataclass(frozen=True)
class Drawing:
    """A graph with every place computed: a box for each node, points for each edge."""

    boxes: list[Box]
    lines: list[tuple[Point, ...]]


def attempts(scene: script_pb2.Scene, language: str) -> Iterator[Attempt]:
    """Layers from top to bottom or left to right, in the largest letters that fit; else a list of relations."""
    labels, edges, notes = _parts(scene)
    for style in body_styles():
        for widest in dict.fromkeys((len(labels), 5, 4, 3, 2, 1)):
            layering = layered(len(labels), edges, widest)
            if sum(slot.node < 0 for layer in layering.layers for slot in layer) <= MOST_PASSAGES:
                yield partial(_drawn, scene.title, labels, layering, style, True, notes)
                yield partial(_drawn, scene.title, labels, layering, style, False, notes)
    yield from (partial(_listed, scene.title, labels, edges, style, notes) for style in body_styles()[2:])


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
    title: str, labels: list[str], layering: Layering, style: TextStyle, downwards: bool, notes: list[str]
) -> Storyboard:
    board = Storyboard(notes=list(notes))
    area, _ = open_scene(board, title)
    drawing = _down(labels, layering, style, area) if downwards else _across(labels, layering, style, area)
    _show(board, labels, layering, style, drawing)
    return board


def _node_size(label: str, style: TextStyle, most: float) -> tuple[float, float]:
    """Width and height of a node whose label is wrapped as evenly as it can be within `most` points."""
    most = min(most, WIDEST_NODE) - 2 * PADDING_X
    require(most > 0, "there is no room for a node")
    require_whole_words([label], style, most)
    whole = natural_width(label, style)
    block = text_block(label, style, most)
    lines = len(block.lines)
    even = min(
        most, max(whole / lines * 1.12, max((natural_width(w, style) for w in label.split()), default=0) + 1)
    )
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
    lefts = _spread(widths, area.x, area.width, 1.3)
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


def _spread(sizes: Sequence[float], start: float, room: float, scale: float = 1.0) -> list[float]:
    """Where each layer begins, with equal gaps, centred."""
    slack = room - sum(sizes)
    gaps = len(sizes) - 1
    require(slack >= LAYER_GAP * scale * gaps - 0.01, "the layers are higher than the area")
    gap = min(WIDEST_LAYER_GAP * scale, slack / gaps) if gaps else 0.0
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
        for first, second in zip(chain, chain[1:], strict=False):
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
    return centres


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
    board: Storyboard, labels: list[str], layering: Layering, style: TextStyle, drawing: Drawing
) -> None:
    """A step for each node, layer by layer; an arrow comes with the second of its ends."""
    order = [slot.node for layer in layering.layers for slot in layer if slot.node >= 0]
    seen: set[int] = set()
    for node in order:
        board.step(labels[node])
        seen.add(node)
        for number, chain in enumerate(layering.chains):
            ends = {chain[0].node, chain[-1].node}
            if node in ends and ends <= seen:
                stroke = Stroke(drawing.lines[number], RULE, 2.5, arrow=True)
                board.show(stroke, Motion.DRAW)
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
