"""Lines of a drawn map say the whole order with the fewest edges, and pass between boxes, never behind them."""

import itertools
import re

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st
from mootion.flowchart.v1 import flowchart_pb2
from mootion.llm.v1 import task_pb2

from services.flowchart import graph, layout
from services.flowchart.layout import NODE_HEIGHT, NODE_WIDTH
from services.flowchart.lines import drawn, free_place, lines

NAMES = [f"concept {number}" for number in range(30)]
pairs = st.tuples(st.integers(0, 29), st.integers(0, 29)).filter(lambda pair: pair[0] < pair[1])


def made(found: set[tuple[int, int]]) -> flowchart_pb2.Flowchart:
    relations = [
        task_pb2.Relation(
            source=NAMES[a],
            target=NAMES[b],
            type=task_pb2.RELATED if (a + b) % 7 == 0 else task_pb2.PREREQUISITE,
            weight=0.5,
        )
        for a, b in sorted(found)
    ]
    chart = graph.build_map("document", [task_pb2.Concept(name=name) for name in NAMES], relations)
    layout.place_all(chart)
    return chart


def points(path: str) -> list[tuple[float, float]]:
    """Places along a path of M, C and V, close enough together that no box fits between two of them."""
    places: list[tuple[float, float]] = []
    for command, text in re.findall(r"([MCV])([^MCV]*)", path):
        numbers = [float(number) for number in text.split()]
        x, y = places[-1] if places else (numbers[0], numbers[1])
        if command == "V":
            places += [(x, y + (numbers[0] - y) * step / 20) for step in range(1, 21)]
        elif command == "C":
            places += [_on_curve((x, y, *numbers), step / 40) for step in range(1, 41)]
        else:
            places.append((x, y))
    return places


def _on_curve(ends: tuple[float, ...], t: float) -> tuple[float, float]:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    return (
        sum(w * x for w, x in zip(weights, ends[0::2], strict=True)),
        sum(w * y for w, y in zip(weights, ends[1::2], strict=True)),
    )


@given(st.sets(pairs, max_size=80))
def test_the_drawn_order_says_the_same_as_the_whole_one(found: set[tuple[int, int]]) -> None:
    chart = made(found)
    shown: nx.DiGraph[str] = nx.DiGraph()
    shown.add_nodes_from(node.node_id for node in chart.nodes)
    shown.add_edges_from((e.source_id, e.target_id) for e in drawn(chart) if e.type in graph.ORDERING)
    whole = graph.ordering_graph(chart)
    assert set(nx.transitive_closure_dag(shown).edges) == set(nx.transitive_closure_dag(whole).edges)
    related = [e for e in chart.edges if e.type == flowchart_pb2.RELATED]
    assert [e for e in drawn(chart) if e.type == flowchart_pb2.RELATED] == related


@given(st.sets(pairs, max_size=80))
def test_the_needed_order_stands_in_the_order_of_the_map(found: set[tuple[int, int]]) -> None:
    chart = made(found)
    needed = graph.needed_order(chart)
    assert list(needed) == [node.node_id for node in chart.nodes]
    assert list(needed.edges) == [
        edge for edge in graph.ordering_graph(chart).edges if needed.has_edge(*edge)
    ]


@given(st.sets(pairs, max_size=80))
def test_no_line_goes_behind_a_box(found: set[tuple[int, int]]) -> None:
    chart = made(found)
    for line, node in itertools.product(lines(chart), chart.nodes):
        inside = [
            (x, y)
            for x, y in points(line.path)
            if abs(x - node.position.x) < NODE_WIDTH / 2 - 1
            and abs(y - node.position.y) < NODE_HEIGHT / 2 - 1
        ]
        assert not inside, (line, node.name)


@given(st.lists(st.integers(0, 9), unique=True, max_size=7), st.floats(-500, 3000))
def test_a_free_place_touches_no_box_and_is_the_nearest(columns: list[int], wished: float) -> None:
    boxes = sorted(float(column * layout.COLUMN) for column in columns)
    place = free_place(boxes, wished)
    assert all(abs(place - box) >= NODE_WIDTH / 2 for box in boxes)
    if all(abs(wished - box) >= NODE_WIDTH for box in boxes):
        assert place == wished
