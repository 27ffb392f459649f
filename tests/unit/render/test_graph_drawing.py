"""Layers, grids and routes of graphs: every node has a place, no arrow runs through a node."""

from hypothesis import given, settings
from hypothesis import strategies as st

from workers.render.box import Box
from workers.render.elements import Stroke
from workers.render.geometry import crosses
from workers.render.grid import arranged
from workers.render.layers import layered
from workers.render.routing import Router

graphs = st.integers(1, 14).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(
            st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(
                lambda pair: pair[0] != pair[1]
            ),
            max_size=24,
            unique=True,
        ),
    )
)


@given(graph=graphs, widest=st.integers(1, 6))
def test_every_node_is_in_one_layer_and_every_edge_goes_down(
    graph: tuple[int, list[tuple[int, int]]], widest: int
) -> None:
    count, edges = graph
    layering = layered(count, edges, widest)
    nodes = [slot.node for layer in layering.layers for slot in layer if slot.node >= 0]
    level = {slot: number for number, layer in enumerate(layering.layers) for slot in layer}
    assert sorted(nodes) == list(range(count))
    assert all(sum(slot.node >= 0 for slot in layer) <= widest for layer in layering.layers)
    for chain, (source, target) in zip(layering.chains, edges, strict=True):
        assert [level[slot] for slot in chain] == list(range(level[chain[0]], level[chain[-1]] + 1))
        assert {chain[0].node, chain[-1].node} == {source, target}


def test_an_edge_that_closes_a_cycle_is_turned_round() -> None:
    assert layered(3, [(0, 1), (1, 2), (2, 0)], 3).reversed_edges == frozenset([2])


@given(graph=graphs, columns=st.integers(2, 5))
def test_a_grid_gives_every_node_a_cell_of_its_own(
    graph: tuple[int, list[tuple[int, int]]], columns: int
) -> None:
    count, edges = graph
    cells = arranged(list(range(count)), edges, columns)
    assert len(set(cells)) == count
    assert all(0 <= column < columns for _, column in cells)
    assert cells == arranged(list(range(count)), edges, columns)


@settings(max_examples=10, deadline=None)
@given(graph=graphs)
def test_no_route_runs_through_a_box(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, edges = graph
    boxes = [Box(60 + 180 * (n % 4), 90 + 80 * (n // 4), 110, 44) for n in range(count)]
    router = Router(Box(38, 60, 780, 360), boxes)
    for source, target in edges:
        line = router.route(source, target)
        if line is not None:
            assert not any(crosses(Stroke(line, ""), box) for box in boxes)


def test_neighbours_are_joined_by_a_straight_arrow() -> None:
    boxes = [Box(100, 100, 80, 40), Box(300, 100, 80, 40)]
    assert Router(Box(38, 60, 780, 360), boxes).route(0, 1) == ((184.0, 120.0), (296.0, 120.0))
