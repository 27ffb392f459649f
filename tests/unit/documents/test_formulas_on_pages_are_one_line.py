"""Fractions, limits, superscripts and indices end up where they belong."""

from tests.unit.documents.made_lines import fragment
from workers.documents.lines import Fragment
from workers.documents.rows import lines_of


def read(*parts: Fragment) -> list[str]:
    return [line.text for line in lines_of(1, 0, list(parts))]


def test_a_display_fraction_is_one_line() -> None:
    parts = (fragment("x =", 50, 100), fragment("a + b", 68, 93), fragment("2", 78, 108))
    assert read(*parts) == ["x = (a + b)/2"]


def test_limits_go_with_their_operator() -> None:
    parts = (
        fragment("∑", 50, 100),
        fragment("n", 50, 88, 7),
        fragment("i=1", 48, 111, 7),
        fragment("i =", 58, 100),
    )
    assert read(*parts) == ["∑_(i=1)^n i ="]


def test_a_superscript_stands_at_its_word() -> None:
    parts = (
        fragment("energy is mc", 50, 100),
        fragment("2", 110.2, 96, 7),
        fragment("for all of it", 118, 100),
    )
    assert read(*parts) == ["energy is mc2 for all of it"]


def test_cells_of_small_type_stay_in_their_row() -> None:
    parts = [fragment("A wide line of text above the table", 50, 80)]
    for n, row in enumerate((("Proton", "1", "+1"), ("Neutron", "1", "0"))):
        parts += [fragment(cell, 50 + 100 * k, 100 + 12 * n, 8) for k, cell in enumerate(row)]
    assert read(*parts)[1:] == ["Proton 1 +1", "Neutron 1 0"]


def test_numbers_below_each_other_are_no_fraction() -> None:
    assert read(fragment("12", 50, 100), fragment("15", 50, 112)) == ["12", "15"]
