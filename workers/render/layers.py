"""Nodes of a graph in layers, with places for the edges that run past a layer: Sugiyama's method.

The width of layers is bounded as by Coffman and Graham, so that a star of twenty nodes becomes four rows instead of one
row that no picture holds; edges then never run through a node, because they cross a layer only in places of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

SWEEPS = 6


@dataclass(frozen=True)
class Slot:
    """A place in a layer: of a node, or of an edge that runs past (`edge` is its number)."""

    node: int
    edge: int = -1


@dataclass(frozen=True)
class Layering:
    """Slots of each layer from left to right, and each edge as a chain of slots from upper to lower layers.

    `reversed_edges` run against the layers.
    """

    layers: list[list[Slot]]
    chains: list[list[Slot]]
    reversed_edges: frozenset[int]

    @property
    def crossings(self) -> int:
        """How often edges cross each other."""
        place = {slot: index for layer in self.layers for index, slot in enumerate(layer)}
        level = {slot: index for index, layer in enumerate(self.layers) for slot in layer}
        pieces = [(level[a], place[a], place[b]) for chain in self.chains for a, b in pairwise(chain)]
        return sum(
            first[0] == second[0] and (first[1] - second[1]) * (first[2] - second[2]) < 0
            for number, first in enumerate(pieces)
            for second in pieces[number + 1 :]
        )


def layered(count: int, edges: Sequence[tuple[int, int]], widest: int) -> Layering:
    """Puts nodes 0 to `count` - 1 into layers of at most `widest` nodes along `edges`."""
    forward, reversed_edges = _without_cycles(count, edges)
    level = _levels(count, forward, widest)
    layers: list[list[Slot]] = [[] for _ in range(max(level) + 1)]
    for node in range(count):
        layers[level[node]].append(Slot(node))
    chains = []
    for number, (source, target) in enumerate(forward):
        chain = [Slot(source)]
        for between in range(level[source] + 1, level[target]):
            chain.append(Slot(-1, number * 100 + between))
            layers[between].append(chain[-1])
        chains.append([*chain, Slot(target)])
    _order(layers, chains)
    return Layering(layers, chains, reversed_edges)


def _without_cycles(
    count: int, edges: Sequence[tuple[int, int]]
) -> tuple[list[tuple[int, int]], frozenset[int]]:
    """The edges with those turned round that would close a cycle, taken in their order."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(count))
    forward, turned = [], set()
    for number, (source, target) in enumerate(edges):
        if nx.has_path(graph, target, source):
            source, target = target, source
            turned.add(number)
        graph.add_edge(source, target)
        forward.append((source, target))
    return forward, frozenset(turned)


def _levels(count: int, edges: Sequence[tuple[int, int]], widest: int) -> list[int]:
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(edges)
    level = [0] * count
    filled: dict[int, int] = {}
    for node in nx.lexicographical_topological_sort(graph):
        lowest = max((level[before] + 1 for before in graph.predecessors(node)), default=0)
        while filled.get(lowest, 0) >= widest:
            lowest += 1
        level[node] = lowest
        filled[lowest] = filled.get(lowest, 0) + 1
    used = sorted(filled)
    return [used.index(number) for number in level]


def _order(layers: list[list[Slot]], chains: Sequence[Sequence[Slot]]) -> None:
    """Sorts each layer by the mean place of its neighbours, downwards and upwards in turn."""
    above: dict[Slot, list[Slot]] = {}
    below: dict[Slot, list[Slot]] = {}
    for chain in chains:
        for upper, lower in pairwise(chain):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        order = range(1, len(layers)) if downwards else range(len(layers) - 2, -1, -1)
        for index in order:
            fixed = layers[index - 1 if downwards else index + 1]
            place = {slot: (number + 0.5) / len(fixed) for number, slot in enumerate(fixed)}
            _sort(layers[index], above if downwards else below, place)


def _sort(layer: list[Slot], neighbours: dict[Slot, list[Slot]], place: dict[Slot, float]) -> None:
    present = {slot: (number + 0.5) / len(layer) for number, slot in enumerate(layer)}

    def mean(slot: Slot) -> float:
        near = [place[other] for other in neighbours.get(slot, []) if other in place]
        return sum(near) / len(near) if near else present[slot]

    layer.sort(key=mean)
