"""The geometry check finds what is wrong with a picture, and nothing in a good one."""

import pytest

from workers.render.box import Box
from workers.render.elements import Element, Panel, Stroke, Words
from workers.render.frame import SAFE
from workers.render.geometry import FaultKind, check_geometry, crosses
from workers.render.palette import CALM, GROUNDS, MIN_CONTRAST, SURFACE, TEXT, TEXT_COLOURS, contrast
from workers.render.text import TextStyle, smallest_size, text_block


def words(text: str, x: float, y: float, size: float = 27.0, colour: str = TEXT) -> Words:
    return Words(text_block(text, TextStyle(size), 300.0), x, y, colour)


def kinds(*objects: Element) -> set[FaultKind]:
    return {fault.kind for fault in check_geometry(objects)}


def test_texts_that_stand_apart_have_no_fault() -> None:
    assert check_geometry([words("above", 100, 100), words("below", 100, 150)]) == []


def test_texts_on_top_of_each_other_overlap() -> None:
    faults = check_geometry([words("one", 100, 100), words("two", 110, 105)])
    assert [fault.kind for fault in faults] == [FaultKind.OVERLAP]
    assert "'one'" in faults[0].what
    assert "'two'" in faults[0].detail


@pytest.mark.parametrize(
    ("x", "y"), [(SAFE.x - 30, 200), (SAFE.right - 20, 200), (200, SAFE.y - 20), (200, SAFE.bottom - 10)]
)
def test_text_past_any_edge_of_the_safe_area_is_outside(x: float, y: float) -> None:
    assert FaultKind.OUTSIDE in kinds(words("outside", x, y))


def test_text_below_the_readable_size_is_too_small() -> None:
    assert kinds(words("small", 100, 100, smallest_size() * 0.95)) == {FaultKind.TOO_SMALL}
    assert kinds(words("large enough", 100, 100, smallest_size())) == set()


def test_text_over_the_edge_of_a_panel_is_cut() -> None:
    panel = Panel(Box(90, 90, 40, 60), SURFACE)
    assert FaultKind.CUT in kinds(panel, words("wider than its panel", 100, 100))


def test_panels_may_be_nested_but_not_overlap() -> None:
    outer, inner = Panel(Box(90, 90, 200, 100), SURFACE), Panel(Box(90, 90, 5, 100), CALM)
    assert kinds(outer, inner) == set()
    assert kinds(outer, Panel(Box(250, 90, 200, 100), SURFACE)) == {FaultKind.OVERLAP}


def test_a_line_through_a_text_crosses_it_unless_it_is_decoration() -> None:
    text = words("crossed", 100, 100)
    line = ((50.0, 115.0), (400.0, 115.0))
    assert kinds(text, Stroke(line, CALM)) == {FaultKind.CROSSED}
    assert kinds(text, Stroke(line, CALM, decoration=True)) == set()


def test_text_that_is_hardly_lighter_than_its_panel_is_faint() -> None:
    panel = Panel(Box(90, 90, 300, 60), SURFACE)
    assert kinds(panel, words("faint", 100, 100, colour="#4A5878")) == {FaultKind.FAINT}


def test_every_text_colour_stands_out_on_every_ground() -> None:
    for colour in TEXT_COLOURS:
        for ground in GROUNDS:
            assert contrast(colour, ground) >= MIN_CONTRAST


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    ("start", "end", "through"),
    [
        ((0, 0), (100, 100), True),
        ((0, 50), (100, 50), True),
        ((0, 0), (100, 10), False),
        ((50, 0), (50, 30), False),
        ((50, 45), (55, 55), True),
    ],
)
def test_a_segment_crosses_a_box_only_where_they_meet(
    start: tuple[float, float], end: tuple[float, float], through: bool
) -> None:
    assert crosses(Stroke((start, end), CALM), Box(40, 40, 20, 20)) is through
