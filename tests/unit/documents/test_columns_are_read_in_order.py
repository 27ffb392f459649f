"""The reading order of a page."""

from tests.unit.documents.made_lines import fragment
from workers.documents.columns import regions
from workers.documents.lines import Fragment

TEXT = "some words of running text in a line"


def rows(x: float, count: int = 20, start: float = 100, text: str = TEXT) -> list[Fragment]:
    return [fragment(f"{text} {n}", x, start + 12 * n) for n in range(count)]


def ends(found: list[list[Fragment]]) -> list[tuple[float, int]]:
    return [(region[0].x0, len(region)) for region in found]


def test_one_column_is_one_region() -> None:
    assert ends(regions(rows(50))) == [(50, 20)]


def test_two_columns_are_two_regions_whatever_order_they_are_drawn_in() -> None:
    interleaved = [part for pair in zip(rows(50), rows(300), strict=True) for part in pair]
    assert ends(regions(rows(50) + rows(300))) == [(50, 20), (300, 20)]
    assert ends(regions(interleaved)) == [(50, 20), (300, 20)]


def test_what_goes_across_parts_the_columns_into_bands() -> None:
    title = fragment("A title that goes across both of the columns of the page, from end to end", 50, 80)
    figure = fragment("A figure that goes across both of the columns of the page, from end to end", 50, 345)
    page = [title, *rows(50), *rows(300), figure, *rows(50, start=360), *rows(300, start=360)]
    found = regions(page)
    assert ends(found) == [(50, 1), (50, 20), (300, 20), (50, 1), (50, 20), (300, 20)]


def test_three_columns_are_three_regions() -> None:
    short = "words in a short line"
    page = rows(50, text=short) + rows(220, text=short) + rows(390, text=short)
    assert ends(regions(page)) == [(50, 20), (220, 20), (390, 20)]


def test_the_columns_of_a_table_stay_together() -> None:
    cells = rows(50, 8, text="cell") + rows(250, 8, text="1.0") + rows(400, 8, text="2.0")
    assert len(regions(cells)) == 1


def test_a_page_without_text_has_no_region() -> None:
    assert regions([]) == []
