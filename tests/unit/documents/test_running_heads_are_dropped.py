"""Running headers, footers and page numbers go; headings and text stay."""

from tests.unit.documents.made_lines import fragment, page
from workers.documents.furniture import drop_furniture
from workers.documents.lines import Page

BODY = "A line of body text that differs from page to page, number "


def book(count: int, head: str = "", foot: str = "") -> list[Page]:
    pages = []
    for number in range(1, count + 1):
        parts = [
            fragment(f"{BODY}{number}{'abc'[n % 3] * (n + number)}", 50, 100 + 14 * n) for n in range(45)
        ]
        if head:
            parts.append(fragment(head.format(n=number, chapter=1 + number // 5), 50, 40, 8))
        if foot:
            parts.append(fragment(foot.format(n=number), 300, 770, 8))
        pages.append(page(number, *parts))
    return pages


def left(pages: list[Page]) -> set[int]:
    drop_furniture(pages)
    return {len(one.fragments) for one in pages}


def test_a_header_and_a_page_number_on_every_page_are_dropped() -> None:
    assert left(book(20, "On Cells", "{n}")) == {45}


def test_headers_that_change_with_the_chapter_are_dropped() -> None:
    assert left(book(30, "Chapter {chapter}, Cells — page {n}", "")) == {45}


def test_a_header_that_differs_on_every_page_is_known_by_its_page_number() -> None:
    pages = book(12)
    for one in pages:
        one.fragments.append(
            fragment(f"{'ABCDEFGHIJKL'[one.number - 1] * 5} section {one.number + 100}", 50, 40, 8)
        )
    assert left(pages) == {45}


def test_roman_page_numbers_are_dropped() -> None:
    pages = book(6)
    for one, number in zip(pages, ["i", "ii", "iii", "iv", "v", "vi"], strict=True):
        one.fragments.append(fragment(number, 300, 770))
    assert left(pages) == {45}


def test_text_at_the_top_of_the_page_stays() -> None:
    assert left(book(20)) == {45}


def test_a_heading_that_repeats_at_the_top_of_pages_stays() -> None:
    pages = book(6, "Running Head")
    for one in pages:
        one.fragments.append(fragment("Summary", 50, 70, 16, bold=True))
    assert left(pages) == {46}


def test_what_stands_inside_of_text_is_never_furniture() -> None:
    pages = book(6)
    for one in pages:
        one.fragments.append(fragment("The same words in the midst of the page", 50, 400.5))
    assert left(pages) == {46}
