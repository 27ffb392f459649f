"""The shared analysis: exact spans, stable results, no text that breaks it."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from mootion.document.v1.document_pb2 import PageSpan, Passage

from services.llm.extractive.analysis import AnalysisCache, analyse
from services.llm.extractive.sentences import SentenceKind, sentence_spans

LANGUAGES = ["en", "de", "fr", "es", "zh", "ja", "ru", "ar", "hi", "xx", ""]
TEXTS = st.text(max_size=400) | st.text(alphabet="ab A.?!\n1e.g(“”)—'’-", max_size=300)
PASSAGES = st.lists(
    st.builds(
        Passage,
        passage_id=st.text(alphabet="abc", min_size=1, max_size=3),
        text=TEXTS,
        section_path=st.lists(st.text(max_size=20), max_size=3),
        emphasized=st.lists(st.text(max_size=12), max_size=3),
    ),
    max_size=5,
)


def sentences_of(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def test_abbreviations_decimals_and_initials_do_not_end_a_sentence() -> None:
    text = "Cells, e.g. red ones, hold 4.5 mmol (see Fig. 3). Dr. A. N. Kolmogorov wrote this. It is pH 7."
    assert sentences_of(text) == [
        "Cells, e.g. red ones, hold 4.5 mmol (see Fig. 3).",
        "Dr. A. N. Kolmogorov wrote this.",
        "It is pH 7.",
    ]


def test_a_sentence_may_begin_with_a_word_of_mixed_case() -> None:
    assert sentences_of("Acids give protons. pH measures this.") == [
        "Acids give protons.",
        "pH measures this.",
    ]


def test_a_lost_space_between_sentences_is_found() -> None:
    assert sentences_of("The soul is eternal.Reason says so.") == ["The soul is eternal.", "Reason says so."]


def test_full_width_marks_end_sentences() -> None:
    assert sentences_of("细胞是生命的单位。它有膜。") == ["细胞是生命的单位。", "它有膜。"]


def test_quotes_and_brackets_close_with_their_sentence() -> None:
    assert sentences_of("He said “stop.” (It did.) Then all went on.") == [
        "He said “stop.”",
        "(It did.)",
        "Then all went on.",
    ]


@given(TEXTS)
def test_sentences_are_ordered_spans_that_lose_only_white_space_and_bullets(text: str) -> None:
    spans = list(sentence_spans(text))
    assert all(start < end for start, end in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)


@settings(max_examples=60, deadline=None)
@given(PASSAGES, st.sampled_from(LANGUAGES))
def test_every_token_and_citation_is_verbatim(passages: list[Passage], language: str) -> None:
    analysis = analyse(passages, language)
    assert len(analysis.section_of) == len(passages)
    for sentence in analysis.sentences:
        text = passages[sentence.passage].text
        assert sentence.text == text[sentence.start : sentence.end]
        assert all(text[token.start : token.end] == token.surface for token in sentence.tokens)
        citation = analysis.citation(sentence)
        assert citation.quote == text[citation.start_char : citation.end_char]
    assert analysis.term_counts.keys() == analysis.sentences_with.keys()


def test_pages_come_from_the_page_spans() -> None:
    text = "One is here. Two is there."
    spans = [PageSpan(page=3, start_char=0, end_char=13), PageSpan(page=4, start_char=13, end_char=26)]
    analysis = analyse(
        [Passage(passage_id="p", text=text, first_page=3, last_page=4, page_spans=spans)], "en"
    )
    assert [analysis.citation(sentence).page for sentence in analysis.sentences] == [3, 4]


def test_kinds_of_sentences_are_told_by_form() -> None:
    text = "Explain the role of water.\nWhat is salt?\n• Salt dissolves.\nWater is wet.\nA heading"
    kinds = [sentence.kind for sentence in analyse([Passage(text=text)], "en").sentences]
    assert kinds == [
        SentenceKind.INSTRUCTION,
        SentenceKind.QUESTION,
        SentenceKind.LIST_ITEM,
        SentenceKind.STATEMENT,
        SentenceKind.FRAGMENT,
    ]


def test_the_same_content_is_analysed_once_and_the_cache_is_bounded() -> None:
    cache = AnalysisCache(max_characters=25)
    first = [Passage(text="Ten letters.")]
    analysis = cache.analyse(first, "en")
    assert cache.analyse([Passage(text="Ten letters.")], "en") is analysis
    cache.analyse([Passage(text="Other letters that fill it.")], "en")
    assert cache.analyse(first, "en") is not analysis


def test_a_section_holds_its_passages_under_its_parent() -> None:
    passages = [
        Passage(text="One.", section_path=["A", "B"]),
        Passage(text="Two.", section_path=["A", "C"]),
        Passage(text="Three.", section_path=["A", "B"]),
    ]
    analysis = analyse(passages, "en")
    assert [section.path for section in analysis.sections] == [("A",), ("A", "B"), ("A", "C")]
    assert analysis.sections[1].passages == (0, 2)
    assert analysis.sections[0].children == (1, 2)
