"""Passages: nothing lost, nothing across sections, every span exact."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.documents.made_lines import heading, paragraph
from workers.documents.blocks import Block, Kind
from workers.documents.passages import LONGEST, SEPARATOR, TARGET, PassageText, split_passages
from workers.documents.sections import sections_of

SENTENCE = "The cell keeps its balance in many ways, of which this is the {n}th. "

words = st.text("abc ÅĀ日.:!?", min_size=1, max_size=60).map(lambda text: f"x{text}x")
texts = st.lists(words, min_size=1, max_size=60).map(" ".join)


@st.composite
def documents(draw: st.DrawFn) -> list[Block]:
    """Blocks with headings, over growing pages, some of them over several."""
    blocks, page = [], 1
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(
            st.sampled_from([Kind.HEADING, Kind.PARAGRAPH, Kind.LIST_ITEM, Kind.TABLE, Kind.FOOTNOTE])
        )
        text = draw(texts)
        starts = [(page, 0)]
        for place in sorted(draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=2))):
            if kind is not Kind.HEADING and place < len(text):
                page += 1
                starts.append((page, place))
        level = draw(st.integers(1, 3)) if kind is Kind.HEADING else 0
        blocks.append(Block(kind, text, starts, [(0, 1)], level))
    return blocks


def split(blocks: list[Block]) -> list[PassageText]:
    return list(split_passages(sections_of(blocks)))


def squeezed(text: str) -> str:
    return "".join(text.split())


@settings(deadline=None)
@given(documents())
def test_every_character_of_every_block_is_in_one_passage(blocks: list[Block]) -> None:
    total = squeezed("".join(block.text for block in blocks if block.kind is not Kind.HEADING))
    found = squeezed("".join(passage.text for passage in split(blocks)))
    assert not Counter(total) - Counter(found)
    assert len(found) <= len(squeezed("".join(block.text for block in blocks)))


@settings(deadline=None)
@given(documents())
def test_passages_stand_where_they_say_in_the_documents_text(blocks: list[Block]) -> None:
    passages = split(blocks)
    whole = ("\n" * SEPARATOR).join(passage.text for passage in passages)
    for passage in passages:
        assert whole[passage.start : passage.start + len(passage.text)] == passage.text


@settings(deadline=None)
@given(documents())
def test_pages_cover_a_passage_without_gaps(blocks: list[Block]) -> None:
    for passage in split(blocks):
        assert passage.page_spans[0][1] == 0
        assert passage.page_spans[-1][2] == len(passage.text)
        for before, after in zip(passage.page_spans, passage.page_spans[1:], strict=False):
            assert before[2] == after[1]
        assert all(start < end for _, start, end in passage.page_spans)


@settings(deadline=None)
@given(documents())
def test_passages_are_no_longer_than_their_limit(blocks: list[Block]) -> None:
    assert all(0 < len(passage.text) <= LONGEST + TARGET // 4 for passage in split(blocks))


def test_paragraphs_go_together_up_to_the_target_and_never_across_a_section() -> None:
    blocks = [
        heading("One", 1),
        *(paragraph("x" * 200) for _ in range(6)),
        heading("Two", 1),
        paragraph("y" * 200),
    ]
    passages = split(blocks)
    assert [(passage.path, passage.text.count("\n") + 1) for passage in passages] == [
        (("One",), 4),
        (("One",), 2),
        (("Two",), 1),
    ]


def test_a_long_paragraph_is_split_where_sentences_end() -> None:
    text = "".join(SENTENCE.format(n=n) for n in range(60)).strip()
    passages = split([paragraph(text)])
    assert len(passages) > 3
    assert all(passage.text.endswith("th.") for passage in passages)
    assert " ".join(passage.text for passage in passages) == text


def test_a_long_table_is_split_between_rows() -> None:
    rows = [f"row {n} | {'x' * 50}" for n in range(60)]
    passages = split([paragraph("\n".join(rows), kind=Kind.TABLE)])
    assert len(passages) > 2
    assert [row for passage in passages for row in passage.text.split("\n")] == rows


def test_a_sentence_longer_than_a_passage_is_parted_between_words() -> None:
    passages = split([paragraph("word " * 1000)])
    assert all(set(passage.text.split(" ")) == {"word"} for passage in passages)


def test_a_line_that_announces_a_list_stays_with_it() -> None:
    blocks = [
        paragraph("x" * 850),
        paragraph("The parts are these:"),
        paragraph("• one" + "x" * 200, kind=Kind.LIST_ITEM),
    ]
    assert split(blocks)[0].text.endswith("these:\n• one" + "x" * 200)


def test_footnotes_come_last_in_their_section_and_alone() -> None:
    blocks = [paragraph("body"), paragraph("1 note", kind=Kind.FOOTNOTE), paragraph("more body")]
    assert [passage.text for passage in split(blocks)] == ["body\nmore body", "1 note"]


def test_emphasised_words_are_listed_in_order() -> None:
    block = Block(Kind.PARAGRAPH, "The cell wall, and the nucleus.", [(1, 0)], [(4, 14), (23, 30)])
    assert split([block])[0].emphasized == ["cell wall", "nucleus"]


def test_a_document_of_nothing_has_no_passage() -> None:
    assert split([]) == []
