"""A quote counts only where the passage holds it; place and page come from the passage, not from the engine."""

from hypothesis import given
from hypothesis import strategies as st
from mootion.document.v1 import document_pb2
from mootion.llm.v1 import task_pb2

from services.answer.verify import verified_sentences

TEXT = "Sound is a longitudinal wave. It travels at 343 m/s in air. In water it is faster."
PASSAGE = document_pb2.Passage(
    passage_id="p1",
    document_id="d1",
    text=TEXT,
    first_page=4,
    last_page=5,
    page_spans=[
        document_pb2.PageSpan(page=4, start_char=0, end_char=30),
        document_pb2.PageSpan(page=5, start_char=30, end_char=len(TEXT)),
    ],
)


def sentence(quote: str, start: int = 0, passage_id: str = "p1") -> task_pb2.AnswerSentence:
    citation = document_pb2.Citation(
        document_id="somewhere else", passage_id=passage_id, page=99, start_char=start, quote=quote
    )
    return task_pb2.AnswerSentence(text=quote, citations=[citation])


def test_place_and_page_are_taken_from_the_passage() -> None:
    kept, dropped = verified_sentences([sentence("It travels at 343 m/s in air.", start=7)], [PASSAGE])
    citation = kept[0].citations[0]
    assert dropped == 0
    assert (citation.document_id, citation.page) == ("d1", 5)
    assert TEXT[citation.start_char : citation.end_char] == citation.quote


def test_sentences_without_a_proved_quote_are_dropped_and_counted() -> None:
    made_up = [
        sentence("Sound travels at 344 m/s in air."),
        sentence("It travels at 343 m/s in air.", passage_id="p2"),
        sentence("Sound"),
        sentence(""),
        task_pb2.AnswerSentence(text="Sound is a longitudinal wave."),
    ]
    assert verified_sentences(made_up, [PASSAGE]) == ([], len(made_up))


@given(st.text(max_size=80), st.integers(-5, 200))
def test_no_quote_passes_that_the_passage_does_not_hold(quote: str, start: int) -> None:
    kept, dropped = verified_sentences([sentence(quote, start)], [PASSAGE])
    assert len(kept) + dropped == 1
    for each in kept:
        assert each.citations[0].quote in TEXT


@given(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)))
def test_every_long_enough_span_of_the_passage_passes(first: int, last: int) -> None:
    quote = TEXT[min(first, last) : max(first, last)]
    kept, _ = verified_sentences([sentence(quote, min(first, last))], [PASSAGE])
    assert bool(kept) == (len(quote.split()) >= 3)
