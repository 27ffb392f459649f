"""Where the nodes and arrows of a layered graph stand in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from workers.render.box import Box
from workers.render.elements import Point
from workers.render.flow import require, require_whole_words
from workers.render.layers import Layering, Slot
from workers.render.text import TextStyle, longest_word, natural_width, text_block

PADDING_X = 13.0
PADDING_Y = 7.0
NODE_GAP = 18.0
LAYER_GAP = 34.0
WIDEST_LAYER_GAP = 70.0
PASSAGE = 12.0
"""Room that an edge takes where it runs past a layer."""

WIDEST_NODE = 330.0
EDGE_CLEARANCE = 3.0
SWEEPS = 8


@dataclass(frozen=True)
class Drawing:
    """A graph with every place computed: a box for each node, points for each edge."""

    boxes: list[Box]
    lines: list[tuple[Point, ...]]


def node_size(label: str, style: TextStyle, most: float) -> tuple[float, float]:
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


def in_rows(labels: list[str], layering: Layering, style: TextStyle, area: Box) -> Drawing:
    """Layers as rows."""
    sizes: dict[int, tuple[float, float]] = {}
    for layer in layering.layers:
        nodes = [slot.node for slot in layer if slot.node >= 0]
        room = area.width - NODE_GAP * (len(layer) - 1) - PASSAGE * (len(layer) - len(nodes))
        for node in nodes:
            sizes[node] = node_size(labels[node], style, room / len(nodes))
    heights = [max(sizes[slot.node][1] for slot in layer if slot.node >= 0) for layer in layering.layers]
    tops = spread(heights, area.y, area.height)
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


def in_columns(labels: list[str], layering: Layering, style: TextStyle, area: Box) -> Drawing:
    """Layers as columns."""
    count = len(layering.layers)
    most = (area.width - LAYER_GAP * 1.3 * (count - 1)) / count
    sizes = [node_size(label, style, most) for label in labels]
    widths = [max(sizes[slot.node][0] for slot in layer if slot.node >= 0) for layer in layering.layers]
    lefts = spread(widths, area.x, area.width, LAYER_GAP * 1.3, WIDEST_LAYER_GAP * 1.3)
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


def spread(
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
    slots = [slot for layer in layering.layers for slot in layer]
    span = {slot: sizes[slot.node] if slot.node >= 0 else PASSAGE for slot in slots}
    centres: dict[Slot, float] = {}
    for layer in layering.layers:
        centres.update(_evenly(layer, span, low, high))
    near = _neighbours(layering)
    for _ in range(SWEEPS):
        for layer in layering.layers:
            around = [near.get(slot, [slot]) for slot in layer]
            wishes = [sum(centres[other] for other in others) / len(others) for others in around]
            _settle(layer, wishes, span, centres, low, high)
    lowest = min(centres[slot] - span[slot] / 2 for slot in slots)
    highest = max(centres[slot] + span[slot] / 2 for slot in slots)
    shift = (low + high - lowest - highest) / 2
    return {slot: centre + shift for slot, centre in centres.items()}


def _evenly(layer: Sequence[Slot], span: dict[Slot, float], low: float, high: float) -> dict[Slot, float]:
    """The slots of one layer with equal gaps, centred."""
    taken, gaps = sum(span[slot] for slot in layer), len(layer) - 1
    require(taken + NODE_GAP * gaps <= high - low + 0.01, "a layer is wider than the area")
    gap = max(min((high - low - taken) / (gaps + 2), 60.0), NODE_GAP if gaps else 0.0)
    place = (low + high - taken - gap * gaps) / 2
    centres = {}
    for slot in layer:
        centres[slot] = place + span[slot] / 2
        place += span[slot] + gap
    return centres


def _neighbours(layering: Layering) -> dict[Slot, list[Slot]]:
    near: dict[Slot, list[Slot]] = {}
    for chain in layering.chains:
        for first, second in pairwise(chain):
            near.setdefault(first, []).append(second)
            near.setdefault(second, []).append(first)
    return near


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
