"""Tables are told from text by how their cells stand."""

from tests.unit.documents.made_lines import fragment
from workers.documents.lines import Line
from workers.documents.rows import lines_of
from workers.documents.tables import is_contents_entry, table_at


def grid(*rows: tuple[str, ...], columns: tuple[float, ...] = (50, 200, 350)) -> list[Line]:
    parts = [
        fragment(cell, columns[place], 100 + 15 * n)
        for n, row in enumerate(rows)
        for place, cell in enumerate(row)
        if cell
    ]
    return lines_of(1, 0, parts)


def test_aligned_rows_are_a_table() -> None:
    lines = grid(("Name", "Mass", "Charge"), ("Proton", "1", "+1"), ("Neutron", "1", "0"))
    assert table_at(lines, 0) == (3, ["Name | Mass | Charge", "Proton | 1 | +1", "Neutron | 1 | 0"])


def test_a_line_under_a_later_cell_goes_on_with_it() -> None:
    lines = grid(
        ("Name", "What it is", ""),
        ("Proton", "a particle in", ""),
        ("", "the nucleus", ""),
        ("Ion", "an atom", ""),
    )
    assert table_at(lines, 0)[1] == [
        "Name | What it is",
        "Proton | a particle in the nucleus",
        "Ion | an atom",
    ]


def test_running_text_is_no_table() -> None:
    assert table_at(grid(("some text",), ("and more",), ("and more",)), 0) == (0, [])


def test_list_items_with_their_bullets_are_no_table() -> None:
    lines = grid(("•", "first"), ("•", "second"), ("•", "third"), columns=(50, 70))
    assert table_at(lines, 0) == (0, [])


def test_gaps_at_random_places_are_no_table() -> None:
    parts = [
        fragment(word, 50 + 83 * n + 29 * k * (n + 1) % 41, 100 + 15 * k)
        for k in range(3)
        for n, word in enumerate(("stretched", "words"))
    ]
    parts[1].x0, parts[3].x0, parts[5].x0 = 130, 151, 172
    assert table_at(lines_of(1, 0, parts), 0) == (0, [])


def test_an_entry_of_a_table_of_contents_has_dots_and_a_number() -> None:
    dotted, plain = grid(("The Cell ........ 12",), ("The Cell is 12",))
    assert is_contents_entry(dotted)
    assert not is_contents_entry(plain)
