"""Nodes of a deep graph in the cells of a grid, neighbours near each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

MOST_PASSES = 12
UPWARDS = 1.6
"""Extra cost of an arrow that points up, in cells."""

BACKWARDS = 0.5
"""Extra cost of an arrow that points left within a row."""

IN_THE_WAY = 0.9
"""Extra cost of an arrow that has to go round a node between its ends."""

Cell = tuple[int, int]


def arranged(order: Sequence[int], edges: Sequence[tuple[int, int]], columns: int) -> list[Cell]:
    """Row and column for each node: first in the given order, row by row to and fro, then exchanged in pairs as long
    as that makes the arrows shorter. The same graph gives the same cells."""
    rows = math.ceil(len(order) / columns)
    cells: list[Cell] = [(0, 0)] * len(order)
    for place, node in enumerate(order):
        row, column = divmod(place, columns)
        cells[node] = (row, column if row % 2 == 0 else columns - 1 - column)
    free = [(r, c) for r in range(rows) for c in range(columns) if (r, c) not in set(cells)]
    best = _cost(cells, edges)
    for _ in range(MOST_PASSES):
        before = best
        for first in range(len(cells)):
            best = _improved(cells, free, edges, first, best)
        if best >= before:
            break
    return cells


def _improved(
    cells: list[Cell], free: list[Cell], edges: Sequence[tuple[int, int]], first: int, best: float
) -> float:
    """Exchanges node `first` with each other node and each free cell, and keeps what is better."""
    for second in range(first + 1, len(cells)):
        cells[first], cells[second] = cells[second], cells[first]
        cost = _cost(cells, edges)
        if cost < best - 1e-9:
            best = cost
        else:
            cells[first], cells[second] = cells[second], cells[first]
    for index in range(len(free)):
        cells[first], free[index] = free[index], cells[first]
        cost = _cost(cells, edges)
        if cost < best - 1e-9:
            best = cost
        else:
            cells[first], free[index] = free[index], cells[first]
    return best


def _cost(cells: Sequence[Cell], edges: Sequence[tuple[int, int]]) -> float:
    taken = set(cells)
    return sum(_edge_cost(cells[source], cells[target], taken) for source, target in edges)


def _edge_cost(source: Cell, target: Cell, taken: set[Cell]) -> float:
    down, right = target[0] - source[0], target[1] - source[1]
    cost = abs(down) * 1.1 + abs(right) + (0.3 if down and right else 0.0)
    if down < 0:
        cost += UPWARDS
    elif down == 0 and right < 0:
        cost += BACKWARDS
    steps = max(abs(down), abs(right))
    if steps > 1 and (down == 0 or right == 0):
        between = [(source[0] + down * k // steps, source[1] + right * k // steps) for k in range(1, steps)]
        cost += IN_THE_WAY * sum(cell in taken for cell in between)
    return cost
