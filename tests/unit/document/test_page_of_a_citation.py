"""The page of a quote is the page of the span that holds its first character."""

from hypothesis import given
from hypothesis import strategies as st
from mootion.document.v1 import document_pb2

from mesh.citations import page_at


def passage(lengths: list[int]) -> document_pb2.Passage:
    """A passage over as many pages as there are lengths, from page 5 on."""
    made = document_pb2.Passage(first_page=5)
    for number, length in enumerate(lengths):
        start = sum(lengths[:number])
        made.page_spans.add(page=5 + number, start_char=start, end_char=start + length)
    return made


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.data())
def test_every_character_stands_on_the_page_of_its_span(lengths: list[int], data: st.DataObject) -> None:
    page = data.draw(st.integers(0, len(lengths) - 1))
    start = sum(lengths[:page])
    character = data.draw(st.integers(start, start + lengths[page] - 1))
    assert page_at(passage(lengths), character) == 5 + page


@given(st.lists(st.integers(1, 50), max_size=6), st.integers(0, 50))
def test_what_no_span_holds_counts_to_the_first_page(lengths: list[int], beyond: int) -> None:
    made = passage(lengths)
    assert page_at(made, sum(lengths) + beyond) == 5
    assert page_at(made, -1) == 5
