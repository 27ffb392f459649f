"""Splitting: parts that fit, in order, with nothing left out."""

from hypothesis import given, settings
from hypothesis import strategies as st
from mootion.document.v1.document_pb2 import Passage

from services.llm.splitting import split, tokens_in


def passage(number: int, section: str, words: int) -> Passage:
    text = " ".join(f"Word{place} is said here." for place in range(words // 4))
    return Passage(passage_id=f"p{number}", document_id="d", text=text, section_path=["Book", section])


def test_a_short_text_is_one_part() -> None:
    parts = split([passage(0, "One", 40), passage(1, "Two", 40)])
    assert [[extract.label for extract in part.extracts] for part in parts] == [["P1", "P2"]]


def test_a_section_that_does_not_fit_any_more_begins_a_part() -> None:
    passages = [
        passage(0, "One", 1600),
        passage(1, "Two", 800),
        passage(2, "Two", 800),
        passage(3, "Two", 200),
    ]
    parts = split(passages, most_tokens=3200)
    assert [[p.passage_id for p in part.passages] for part in parts] == [["p0"], ["p1", "p2", "p3"]]


def test_a_section_longer_than_a_part_is_cut_between_passages() -> None:
    parts = split([passage(number, "One", 1000) for number in range(6)], most_tokens=4000)
    assert [[p.passage_id for p in part.passages] for part in parts] == [
        ["p0", "p1"],
        ["p2", "p3"],
        ["p4", "p5"],
    ]


def test_a_passage_longer_than_a_part_is_cut_after_a_sentence() -> None:
    long = passage(0, "One", 4000)
    parts = split([long], most_tokens=1000)
    assert len(parts) > 3
    assert all(part.text.rstrip().endswith("said here.") for part in parts)
    assert "".join(part.text for part in parts) == long.text
    assert {p.passage_id for part in parts for p in part.passages} == {"p0"}


TEXTS = st.text(st.sampled_from("ab .\n中é"), max_size=400)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, st.sampled_from("ABC")), max_size=12), st.integers(5, 120))
def test_parts_fit_and_hold_every_word_in_order(texts: list[tuple[str, str]], most_tokens: int) -> None:
    passages = [Passage(passage_id=str(n), text=text, section_path=[s]) for n, (text, s) in enumerate(texts)]
    parts = split(passages, most_tokens)
    assert all(part.extracts for part in parts)
    assert all(part.tokens <= most_tokens for part in parts)
    words = "".join(extract.text for part in parts for extract in part.extracts).split()
    assert "".join(words) == "".join("".join(passage.text.split()) for passage in passages)


@given(TEXTS, TEXTS)
def test_more_text_is_never_fewer_tokens(first: str, second: str) -> None:
    assert tokens_in(first + second) >= max(tokens_in(first), tokens_in(second))
