"""Ranking: rare words tell more, word pairs, neighbours and whole sections count, and sections take turns."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mesh.ports.index import Entry, IndexQuery, Replacement
from mesh.ports.index_ranking import WINDOW, Scored, rerank
from mesh.ports.index_tantivy import TantivyIndex
from mesh.ports.index_words import weight


def passage(number: int, section: str, text: str = "", document: str = "d") -> Entry:
    return Entry(
        "PASSAGE", f"{document}{number}", "me", document, section, text, "Chapter", sequence=number * 10
    )


def ids(hits: list[Scored]) -> list[str]:
    return [entry.id for _score, entry in hits]


def test_a_word_tells_more_the_rarer_it_is_in_the_language() -> None:
    assert weight("likely") < weight("atom") < weight("phospholipid") <= 1


def test_a_word_no_list_knows_tells_most() -> None:
    assert weight("zzyxqually") > 0.99


@given(st.text(max_size=30))
def test_every_word_tells_something(word: str) -> None:
    assert 0 < weight(word) <= 1


def test_words_side_by_side_as_in_the_query_come_before_the_same_words_apart() -> None:
    apart = passage(0, "One", "They bind quickly and travel to where the oxygen is.")
    beside = passage(1, "Two", "They travel quickly and where oxygen is, bind to it.")
    assert ids(rerank("What does bind to oxygen?", [(1.0, apart), (1.0, beside)])) == ["d1", "d0"]


def test_a_pair_that_every_hit_has_moves_none() -> None:
    first, second = (
        passage(0, "One", "of the blood"),
        passage(1, "Two", "of the blood of the body of the man"),
    )
    others = [(0.1, passage(n, f"Other {n}", "of the rest")) for n in range(2, 40)]
    assert ids(rerank("of the", [(1.0, first), (0.9, second), *others]))[:2] == ["d0", "d1"]


def test_a_passage_gains_by_a_neighbour_that_answers() -> None:
    alone = Entry("PASSAGE", "alone", "me", "d", "One", "", "Chapter", sequence=50)
    supported = Entry("PASSAGE", "supported", "me", "d", "Two", "", "Chapter", sequence=10)
    neighbour = Entry("PASSAGE", "neighbour", "me", "d", "Three", "", "Chapter", sequence=11)
    hits = [(1.0, alone), (0.99, supported), (0.9, neighbour)]
    assert ids(rerank("oxygen", hits))[0] == "supported"


def test_a_section_with_several_good_passages_comes_before_a_section_with_one() -> None:
    lone = (1.0, passage(0, "Lone"))
    several = [(0.95, passage(number, "Several")) for number in range(1, 4)]
    assert ids(rerank("oxygen", [lone, *several]))[0] == "d1"


def test_a_section_of_another_document_with_the_same_name_is_another_section() -> None:
    lone = (1.0, passage(0, "Summary"))
    others = [(0.95, passage(number, "Summary", document=f"other{number}")) for number in range(1, 4)]
    assert ids(rerank("oxygen", [*others, lone]))[0] == "d0"


def test_a_second_section_is_shown_before_a_section_is_exhausted() -> None:
    same = [(1.0, passage(number, "One")) for number in range(5)]
    shown = ids(rerank("oxygen", [*same, (0.8, passage(9, "Two"))]))
    assert shown.index("d9") <= 2


def test_passages_that_support_each_other_do_not_push_other_kinds_down() -> None:
    concept = Entry("CONCEPT", "c", "me", "d", "Oxygen", "A gas.")
    passages = [(1.0 - number / 100, passage(number, "One")) for number in range(5)]
    assert ids(rerank("oxygen", [(1.01, concept), *passages]))[0] == "c"


KINDS = st.sampled_from(["PASSAGE", "CONCEPT", "QUIZ"])
TEXTS = st.sampled_from(["", "red blood cells", "white blood cells carry", "oxygen"])


@given(
    st.lists(st.tuples(KINDS, st.sampled_from("AB"), TEXTS, st.floats(0, 50)), max_size=WINDOW + 10),
    st.text(max_size=20),
)
def test_every_hit_is_shown_once_and_scores_never_rise(
    drawn: list[tuple[str, str, str, float]], query: str
) -> None:
    scores = sorted((score for *_rest, score in drawn), reverse=True)
    hits = [
        (score, Entry(kind, str(number), "me", "d", section, text, sequence=number))
        for number, ((kind, section, text, _), score) in enumerate(zip(drawn, scores, strict=True))
    ]
    shown = rerank(query, hits)
    assert sorted(ids(shown)) == sorted(ids(hits))
    assert ids(shown)[WINDOW:] == ids(hits)[WINDOW:]
    window = [score for score, _entry in shown[:WINDOW]]
    assert all(before >= after for before, after in pairwise(window))


async def test_the_telling_word_of_a_question_decides_over_its_everyday_words() -> None:
    texts = [
        "People often say that time is most likely to help.",
        "Each isotope has its own mass.",
        "A day is long and the work of people is hard.",
        "Nobody knows how long the road is.",
    ]
    index = TantivyIndex(None)
    entries = [passage(number, f"Part {number}", text) for number, text in enumerate(texts)]
    await index.replace(Replacement(["PASSAGE"], "d", entries=entries))
    found = await index.search(IndexQuery("me", "What is an isotope people likely say?"))
    assert found.hits[0].entry.id == "d1"
    await index.close()
