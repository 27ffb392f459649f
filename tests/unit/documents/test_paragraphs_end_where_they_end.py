"""Where one paragraph ends and the next begins."""

from tests.unit.documents.made_lines import SIZE, column, fragment, page
from workers.documents.blocks import Block, Kind
from workers.documents.lines import Fragment, Page
from workers.documents.pdf_layout import blocks_of

FULL = "words that fill the whole of a line of text up to the margin"  # 60 letters: the line's width
LAST = "and here it ends."


def texts(*pages: Page) -> list[str]:
    return [block.text for block in blocks_of(list(pages), [])]


def set_lines(lines: list[tuple[str, float, float]], number: int = 1) -> Page:
    return page(number, *(fragment(text, x, y) for text, x, y in lines))


def test_a_gap_parts_paragraphs() -> None:
    lines = [(FULL, 50.0, 100.0 + 12 * n) for n in range(4)] + [
        (FULL, 50.0, 172.0 + 12 * n) for n in range(4)
    ]
    assert [len(text) for text in texts(set_lines(lines))] == [243, 243]


def test_a_short_line_ends_a_paragraph() -> None:
    rows = [FULL, FULL, LAST, FULL, FULL, FULL, LAST]
    lines = [(text, 50.0, 100.0 + 12 * n) for n, text in enumerate(rows)]
    assert [text.endswith(LAST) for text in texts(set_lines(lines))] == [True, True]


def test_an_indented_line_begins_a_paragraph() -> None:
    lines = [
        (FULL[:-3] if n % 4 == 0 else FULL, 65.0 if n % 4 == 0 else 50.0, 100.0 + 12 * n) for n in range(12)
    ]
    assert len(texts(set_lines(lines))) == 3


def test_each_item_of_a_list_is_a_block_of_its_own() -> None:
    lines = [(FULL, 50.0, 100.0), ("these are:", 50.0, 112.0)]
    for n in range(3):
        lines += [
            ("•", 60.0, 124.0 + 24 * n),
            (FULL[:58], 70.0, 124.0 + 24 * n),
            ("goes on", 70.0, 136.0 + 24 * n),
        ]
    blocks = blocks_of([set_lines(lines)], [])
    items = [block.text for block in blocks if block.kind is Kind.LIST_ITEM]
    assert items == [f"• {FULL[:58]} goes on"] * 3


def test_a_paragraph_goes_on_over_the_page_when_its_last_line_is_full() -> None:
    first = set_lines([(FULL, 50.0, 100.0 + 12 * n) for n in range(8)])
    second = set_lines(
        [("goes on here", 50.0, 100.0), (FULL, 50.0, 130.0), (FULL, 50.0, 142.0), (FULL, 50.0, 154.0)], 2
    )
    found = blocks_of([first, second], [])
    assert len(found) == 2
    assert found[0].starts == [(1, 0), (2, found[0].text.index("goes on here"))]


def test_a_paragraph_that_ended_does_not_go_on_over_the_page() -> None:
    first = set_lines([(FULL, 50.0, 100.0 + 12 * n) for n in range(8)] + [(LAST, 50.0, 196.0)])
    second = set_lines([("Goes on here", 50.0, 100.0)], 2)
    assert len(texts(first, second)) == 2


def test_a_caption_is_a_block_of_its_own() -> None:
    lines = [(FULL, 50.0, 100.0), (FULL, 50.0, 112.0), ("Figure 3 The parts of a cell", 50.0, 124.0)]
    blocks = blocks_of([set_lines(lines)], [])
    assert [block.kind for block in blocks] == [Kind.PARAGRAPH, Kind.CAPTION]


def test_footnotes_are_kept_apart() -> None:
    body = [fragment(FULL, 50, 100 + 12 * n) for n in range(10)]
    notes = [
        fragment("1 A note on the first thing that was said", 50, 700, 8),
        fragment("and more.", 50, 710, 8),
    ]
    notes.append(fragment("2 Another note", 50, 720, 8))
    after = [fragment("goes on over the page", 50, 100)]
    blocks = blocks_of([page(1, *body, *notes), page(2, *after)], [])
    assert [block.kind for block in blocks] == [Kind.PARAGRAPH, Kind.FOOTNOTE, Kind.FOOTNOTE]
    assert blocks[0].text.endswith("goes on over the page")
    assert blocks[1].text == "1 A note on the first thing that was said and more."


def test_a_table_of_contents_is_left_out() -> None:
    lines = [("Contents", 50.0, 80.0)]
    lines += [(f"Chapter {n} . . . . . . . . . . . . {n}0", 50.0, 100.0 + 12 * n) for n in range(8)]
    assert texts(set_lines([*lines, (FULL, 50.0, 300.0)])) == [FULL]


def styled(blocks: list[Block]) -> list[tuple[Kind, int, str]]:
    return [(block.kind, block.level, block.text) for block in blocks]


def test_headings_are_known_by_size_and_weight() -> None:
    parts: list[Fragment] = [fragment("The Cell", 50, 60, 20, bold=True)]
    y = 90.0
    for title, size in (("Walls", 14.0), ("Inner walls", 10.0), ("Doors", 14.0)):
        parts.append(fragment(title, 50, y, size, bold=True))
        parts += [fragment(FULL, 50, y + 20 + 12 * n) for n in range(4)]
        y += 90
    found = [entry for entry in styled(blocks_of([page(1, *parts)], [])) if entry[0] is Kind.HEADING]
    assert [(level, text) for _, level, text in found] == [
        (1, "The Cell"),
        (2, "Walls"),
        (3, "Inner walls"),
        (2, "Doors"),
    ]


def test_a_heading_over_two_lines_is_one_heading() -> None:
    parts = [
        fragment("A long heading that goes", 50, 60, 16, bold=True),
        fragment("over two lines", 50, 79, 16, bold=True),
    ]
    parts += [fragment(FULL, 50, 110 + 12 * n) for n in range(6)]
    found = blocks_of([page(1, *parts)], [])
    assert found[0].text == "A long heading that goes over two lines"


def test_a_bold_term_in_a_paragraph_is_emphasis_and_no_heading() -> None:
    parts = [fragment(FULL, 50, 100 + 12 * n) for n in range(3)]
    parts.append(Fragment("The cell wall holds", 50, 145, 136, SIZE, emphasis=[(4, 13)]))
    blocks = blocks_of([page(1, *parts)], [])
    assert [block.kind for block in blocks] == [Kind.PARAGRAPH]
    assert [blocks[0].text[start:end] for start, end in blocks[0].emphasis] == ["cell wall"]


def test_columns_of_lines_have_margins() -> None:
    lines = column(FULL, FULL, "short")
    assert (lines[0].left, lines[0].right) == (50, 350)
