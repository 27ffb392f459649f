"""Breaking cycles of a weighted graph at their weakest edges."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Edge = TypeVar("Edge")


def without_cycles(
    edges: Sequence[Edge],
    ends: Callable[[Edge], tuple[int, int]],
    weight: Callable[[Edge], float],
) -> list[Edge]:
    """The edges that can stay, in their order, so that no path leads back to where it began.

    Edges are let in from the strongest to the weakest, and one that would close a cycle stays out: so every cycle
    loses its weakest edge. Ties are decided by the smaller numbers of the nodes.
    """
    successors: dict[int, list[int]] = {}
    kept: set[int] = set()
    strongest_first = sorted(range(len(edges)), key=lambda i: (-weight(edges[i]), ends(edges[i])))
    for i in strongest_first:
        source, target = ends(edges[i])
        if source != target and not _reaches(successors, target, source):
            successors.setdefault(source, []).append(target)
            kept.add(i)
    return [edge for i, edge in enumerate(edges) if i in kept]


def depths(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """For each of `count` nodes the length of the longest path that leads to it; the edges have no cycle."""
    waiting = [0] * count
    successors: dict[int, list[int]] = {}
    for source, target in edges:
        successors.setdefault(source, []).append(target)
        waiting[target] += 1
    depth = [0] * count
    ready = [node for node in range(count) if not waiting[node]]
    while ready:
        node = ready.pop()
        for target in successors.get(node, ()):
            depth[target] = max(depth[target], depth[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return depth


def _reaches(successors: dict[int, list[int]], start: int, goal: int) -> bool:
    seen = {start}
    open_nodes = [start]
    while open_nodes:
        node = open_nodes.pop()
        if node == goal:
            return True
        for target in successors.get(node, ()):
            if target not in seen:
                seen.add(target)
                open_nodes.append(target)
    return False
