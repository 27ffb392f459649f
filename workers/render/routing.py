"""Arrows led round boxes: straight where nothing is in the way, else along right angles by Dijkstra's search."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from workers.render.box import Box
from workers.render.elements import Point, Stroke
from workers.render.geometry import crosses

CELL = 6.0
"""Width of a cell of the search in points."""

CLEARANCE = 7.0
"""Points kept free around a box."""

END_GAP = 4.0
"""Points between a box and the arrow that begins or ends at it."""

BEND, CROSSING, SHARED, USED_PORT, OFF_MIDDLE = 4.0, 3.0, 12.0, 25.0, 1.5
DIRECTIONS = ((1, 0), (0, 1), (-1, 0), (0, -1))

Spot = tuple[int, int]

Port = tuple[int, int, float]
"""A box, one of its sides: right, lower, left, upper, and how far along the side from its middle, from -1 to 1."""

State = tuple[Spot, int]
"""A cell and the direction it is entered in."""


@dataclass
class Router:
    """Finds ways between boxes within an area, each aware of those before it."""

    area: Box
    boxes: Sequence[Box]
    _blocked: set[Spot] = field(default_factory=set)
    _used: dict[Spot, set[int]] = field(default_factory=dict)
    _ports: dict[Port, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._columns = int(self.area.width / CELL) + 1
        self._rows = int(self.area.height / CELL) + 1
        for column in range(self._columns):
            for row in range(self._rows):
                x, y = self._point((column, row))
                if any(box.inset(-CLEARANCE).contains(Box(x, y, 0, 0)) for box in self.boxes):
                    self._blocked.add((column, row))

    def route(self, source: int, target: int) -> tuple[Point, ...] | None:
        """Points of an arrow from one box to another; None when there is no way."""
        straight = self._straight(source, target)
        if straight is not None:
            return straight
        return self._searched(source, target)

    def _point(self, spot: Spot) -> Point:
        return self.area.x + spot[0] * CELL, self.area.y + spot[1] * CELL

    def _places(self, box: int) -> list[Port]:
        """Where arrows can begin and end at a box: three places on each side that is long enough."""
        place = self.boxes[box]
        long_enough = {0: place.height > 44, 1: place.width > 60}
        offsets = {axis: (0.0, -0.5, 0.5) if long_enough[axis] else (0.0,) for axis in (0, 1)}
        return [(box, side, offset) for side in range(4) for offset in offsets[side % 2]]

    def _place(self, port: Port) -> Point:
        """The point at a port, a little outside of its box."""
        box, side, offset = port
        place, (right, down) = self.boxes[box], DIRECTIONS[side]
        x, y = place.centre
        return (
            x + right * (place.width / 2 + END_GAP) + abs(down) * offset * place.width / 2,
            y + down * (place.height / 2 + END_GAP) + abs(right) * offset * place.height / 2,
        )

    def _straight(self, source: int, target: int) -> tuple[Point, ...] | None:
        """A level or upright arrow between boxes that face each other with nothing between them."""
        first, second = self.boxes[source], self.boxes[target]
        beside = first.overlap(Box(first.x, second.y, first.width, second.height))[1] > 14
        below = first.overlap(Box(second.x, first.y, second.width, first.height))[0] > 20
        if not beside and not below:
            return None
        if beside:
            leaving = 0 if second.x > first.x else 2
            level = (max(first.y, second.y) + min(first.bottom, second.bottom)) / 2
        else:
            leaving = 1 if second.y > first.y else 3
            level = (max(first.x, second.x) + min(first.right, second.right)) / 2
        ports = ((source, leaving, 0.0), (target, (leaving + 2) % 4, 0.0))
        ends = [self._place(port) for port in ports]
        start, end = ((x, level) if beside else (level, y) for x, y in ends)
        stroke = Stroke((start, end), "")
        others = (box for i, box in enumerate(self.boxes) if i not in (source, target))
        if any(self._ports.get(port) for port in ports) or any(
            crosses(stroke, box.inset(-3)) for box in others
        ):
            return None
        self._take(ports[0], ports[1], self._spots_between(start, end))
        return start, end

    def _spots_between(self, start: Point, end: Point) -> list[Spot]:
        count = max(1, int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / CELL))
        return [
            self._nearest(
                (start[0] + (end[0] - start[0]) * k / count, start[1] + (end[1] - start[1]) * k / count)
            )
            for k in range(count + 1)
        ]

    def _nearest(self, point: Point) -> Spot:
        column = round((point[0] - self.area.x) / CELL)
        row = round((point[1] - self.area.y) / CELL)
        return min(max(column, 0), self._columns - 1), min(max(row, 0), self._rows - 1)

    def _take(self, leaving: Port, arriving: Port, spots: Sequence[Spot]) -> None:
        for port in (leaving, arriving):
            self._ports[port] = self._ports.get(port, 0) + 1
        for spot, following in pairwise(spots):
            axis = 0 if spot[1] == following[1] else 1
            self._used.setdefault(spot, set()).add(axis)
            self._used.setdefault(following, set()).add(axis)

    def _exit(self, port: Port) -> Spot | None:
        """The first free cell outside of a port."""
        column, row = self._nearest(self._place(port))
        right, down = DIRECTIONS[port[1]]
        for _ in range(5):
            if (column, row) not in self._blocked:
                return (column, row) if self._is_free((column, row)) else None
            column, row = column + right, row + down
        return None

    def _exits(self, box: int) -> dict[Spot, tuple[Port, float]]:
        """Free cells around a box with the best port of each and what it costs to use it."""
        found: dict[Spot, tuple[Port, float]] = {}
        for port in self._places(box):
            spot = self._exit(port)
            cost = USED_PORT * self._ports.get(port, 0) + OFF_MIDDLE * abs(port[2])
            if spot is not None and (spot not in found or cost < found[spot][1]):
                found[spot] = (port, cost)
        return found

    def _searched(self, source: int, target: int) -> tuple[Point, ...] | None:
        """The cheapest way on right angles, by Dijkstra's search over cells and directions."""
        starts, goals = self._exits(source), self._exits(target)
        known = {(spot, port[1]): cost for spot, (port, cost) in starts.items()}
        queue = [(cost, number, *state) for number, (state, cost) in enumerate(known.items())]
        heapq.heapify(queue)
        came: dict[State, State] = {}
        best: tuple[float, State] | None = None
        pushed = len(queue)
        while queue and (best is None or queue[0][0] < best[0]):
            cost, _, spot, direction = heapq.heappop(queue)
            if spot in goals:
                port, extra = goals[spot]
                total = cost + extra + (0.0 if direction == (port[1] + 2) % 4 else BEND)
                best = min(best or (total, (spot, direction)), (total, (spot, direction)))
                continue
            for state, price in self._onwards(spot, direction):
                if cost + price < known.get(state, 1e18):
                    known[state] = cost + price
                    came[state] = (spot, direction)
                    pushed += 1
                    heapq.heappush(queue, (cost + price, pushed, *state))
        return None if best is None else self._traced(best[1], came, starts, goals)

    def _onwards(self, spot: Spot, direction: int) -> list[tuple[State, float]]:
        """The next cells and what it costs to go there."""
        found = []
        for turned, (right, down) in enumerate(DIRECTIONS):
            following = (spot[0] + right, spot[1] + down)
            if turned != (direction + 2) % 4 and self._is_free(following):
                bend = BEND if turned != direction else 0.0
                found.append(((following, turned), 1 + bend + self._crowd(following, turned)))
        return found

    def _is_free(self, spot: Spot) -> bool:
        return 0 <= spot[0] < self._columns and 0 <= spot[1] < self._rows and spot not in self._blocked

    def _crowd(self, spot: Spot, direction: int) -> float:
        """What it costs to share a cell with arrows drawn before."""
        axes = self._used.get(spot)
        if not axes:
            return 0.0
        return SHARED if direction % 2 in axes else CROSSING

    def _traced(
        self,
        end: State,
        came: dict[State, State],
        starts: dict[Spot, tuple[Port, float]],
        goals: dict[Spot, tuple[Port, float]],
    ) -> tuple[Point, ...]:
        states = [end]
        while states[-1] in came:
            states.append(came[states[-1]])
        spots = [spot for spot, _ in reversed(states)]
        leaving, arriving = starts[spots[0]][0], goals[spots[-1]][0]
        self._take(leaving, arriving, spots)
        points = [self._place(leaving), *(self._point(spot) for spot in spots), self._place(arriving)]
        return _simplified(_levelled(points, leaving[1], arriving[1]))


def _levelled(points: list[Point], leaving: int, arriving: int) -> list[Point]:
    """Moves the first and last straight stretch onto the ports, which lie between cells."""
    moved = list(points)
    for end, side in ((0, leaving), (-1, arriving)):
        axis = 1 if side % 2 == 0 else 0
        order = range(1, len(moved)) if end == 0 else range(len(moved) - 2, -1, -1)
        level = moved[1 if end == 0 else -2][axis]
        for index in order:
            if abs(moved[index][axis] - level) > 0.01:
                break
            point = list(moved[index])
            point[axis] = moved[end][axis]
            moved[index] = (point[0], point[1])
    return moved


def _simplified(points: Sequence[Point]) -> tuple[Point, ...]:
    """Only the corners."""
    kept = [points[0]]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        first = (here[0] - before[0], here[1] - before[1])
        second = (after[0] - here[0], after[1] - here[1])
        if abs(first[0] * second[1] - first[1] * second[0]) > 1e-6:
            kept.append(here)
    return (*kept, points[-1])
