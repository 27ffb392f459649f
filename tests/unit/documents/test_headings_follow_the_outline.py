"""The outline of a file names headings and their depth."""

from tests.unit.documents.made_lines import fragment, page
from workers.documents.blocks import Kind
from workers.documents.pdf_layout import blocks_of
from workers.documents.pdf_outline import Bookmark

FULL = "words that fill the whole of a line of text up to the margin"


def levels(outline: list[Bookmark], *titles: str, size: float = 10) -> dict[str, int]:
    parts = []
    for n, title in enumerate(titles):
        parts.append(fragment(title, 50, 60 + 100 * n, size, bold=size > 10))
        parts += [fragment(FULL, 50, 90 + 100 * n + 12 * k) for k in range(4)]
    blocks = blocks_of([page(1, *parts)], outline)
    return {block.text: block.level for block in blocks if block.kind is Kind.HEADING}


def test_a_title_that_looks_like_text_is_a_heading_when_the_outline_names_it() -> None:
    assert levels([Bookmark("Walls", 1, 1)], "Walls", "Doors") == {"Walls": 1}


def test_numbers_before_a_title_do_not_matter() -> None:
    outline = [Bookmark("The Cell", 1, 1), Bookmark("Walls", 2, 1)]
    assert levels(outline, "1 The Cell", "1.1 Walls", size=14) == {"1 The Cell": 1, "1.1 Walls": 2}


def test_an_entry_for_another_page_names_nothing_here() -> None:
    assert levels([Bookmark("Walls", 1, 7)], "Walls") == {}


def test_a_heading_that_the_outline_lacks_takes_the_level_of_its_like() -> None:
    assert levels([Bookmark("Walls", 1, 1)], "Walls", "Doors", size=14) == {"Walls": 1, "Doors": 1}
