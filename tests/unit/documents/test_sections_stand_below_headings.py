"""Sections and the outline."""

from tests.unit.documents.made_lines import heading, paragraph
from workers.documents.sections import outline_of, sections_of


def test_a_section_has_the_titles_above_it() -> None:
    blocks = [
        paragraph("before"),
        heading("Cells", 1),
        paragraph("on cells"),
        heading("Walls", 3),
        paragraph("on walls"),
        heading("Energy", 1),
        paragraph("on energy"),
    ]
    assert [(section.path, section.blocks[0].text) for section in sections_of(blocks)] == [
        ((), "before"),
        (("Cells",), "on cells"),
        (("Cells", "Walls"), "on walls"),
        (("Energy",), "on energy"),
    ]


def test_a_heading_with_nothing_below_it_is_text_only_when_it_may_be_a_sentence() -> None:
    sentence = "Every cell comes from a cell that was there before"
    blocks = [
        heading("Cells", 1),
        heading("Walls", 2),
        heading(sentence, 2),
        heading("Doors", 2),
        paragraph("on doors"),
    ]
    assert [(section.path, section.blocks[0].text) for section in sections_of(blocks)] == [
        (("Cells", sentence), sentence),
        (("Cells", "Doors"), "on doors"),
    ]


def test_a_document_of_headings_alone_is_their_text() -> None:
    blocks = [heading("Cells", 1), heading("Walls", 2), heading("Doors", 2)]
    assert [section.blocks[0].text for section in sections_of(blocks)] == ["Cells", "Walls", "Doors"]


def test_the_outline_has_levels_without_holes() -> None:
    blocks = [heading("Cells", 2, 1), heading("Walls", 5, 2), heading("Doors", 4, 3), heading("Energy", 2, 9)]
    assert [(entry.title, entry.level, entry.page) for entry in outline_of(blocks)] == [
        ("Cells", 1, 1),
        ("Walls", 2, 2),
        ("Doors", 2, 3),
        ("Energy", 1, 9),
    ]
