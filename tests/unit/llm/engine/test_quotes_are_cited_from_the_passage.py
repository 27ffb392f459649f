"""Quotes: found where a passage says it, cited in the passage's own characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mootion.document.v1.document_pb2 import PageSpan, Passage

from services.llm.quotes import Quotes

TEXT = "The “wave” moves\non – fast.\nSound is a wave in air, and it’s slow."
PASSAGE = Passage(
    passage_id="p",
    document_id="d",
    text=TEXT,
    first_page=3,
    page_spans=[
        PageSpan(page=3, start_char=0, end_char=27),
        PageSpan(page=4, start_char=27, end_char=len(TEXT)),
    ],
)


@pytest.mark.parametrize(
    ("quote", "cited", "page"),
    [
        ("Sound is a wave in air", "Sound is a wave in air", 4),
        ('The "wave" moves on - fast.', "The “wave” moves\non – fast.", 3),
        ("  it's   slow. ", "it’s slow.", 4),
        ('"Sound is a wave in air, and it\'s slow."', "Sound is a wave in air, and it’s slow.", 4),
    ],
)
def test_a_quote_is_found_in_spite_of_copying_differences(quote: str, cited: str, page: int) -> None:
    citation = Quotes([PASSAGE]).find(quote)
    assert citation is not None
    assert citation.quote == cited == TEXT[citation.start_char : citation.end_char]
    assert (citation.document_id, citation.passage_id, citation.page) == ("d", "p", page)


@pytest.mark.parametrize(
    "quote", ["", "Sound", "Sound is a particle in air", "sound is a wave in air", "[P1] Sound is"]
)
def test_what_no_passage_says_or_proves_is_not_cited(quote: str) -> None:
    assert Quotes([PASSAGE]).find(quote) is None


def test_a_span_is_given_by_its_first_and_last_words() -> None:
    citation = Quotes([PASSAGE]).between("Sound is a", "it's slow.")
    assert citation is not None
    assert citation.quote == "Sound is a wave in air, and it’s slow."
    assert Quotes([PASSAGE]).between("it's slow.", "Sound is a") is None
    assert Quotes([PASSAGE]).between("", "slow.") is None


@given(st.text(st.sampled_from("ab c\n“”–’\u00ad"), min_size=1, max_size=80), st.data())
def test_every_span_of_a_passage_is_found_and_cited_verbatim(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    citation = Quotes([Passage(passage_id="p", text=text)]).find(text[start:end], fewest_characters=3)
    if citation is not None:
        assert citation.quote == text[citation.start_char : citation.end_char]
    elif '"' not in text[start:end].translate(str.maketrans("“”", '""')):
        assert len(" ".join(text[start:end].replace("\u00ad", "").split())) < 3
