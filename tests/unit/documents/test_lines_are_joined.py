"""Lines become text: hyphens, dashes, addresses, scripts without spaces."""

import pytest

from tests.unit.documents.made_lines import column, line
from workers.documents.joining import LineJoiner, merged

FILLER = ("a line without any hyphen here",) * 10


def joined(*texts: str, beside: tuple[str, ...] = ()) -> str:
    lines = column(*texts)
    return LineJoiner([lines, column(*beside)] if beside else [lines]).join(lines)[0]


def test_lines_are_joined_by_a_space() -> None:
    assert joined("The cell is the", "unit of life.") == "The cell is the unit of life."


def test_a_parted_word_is_joined() -> None:
    assert joined("the resis-", "tance of air") == "the resistance of air"
    assert joined("the resis‐", "tance of air") == "the resistance of air"


def test_the_document_decides_on_a_hyphen() -> None:
    assert joined("a well-", "known fact", beside=("it is well-known here",)) == "a well-known fact"
    assert (
        joined("they over-", "come it", beside=("they overcome all", "over here they come"))
        == "they overcome it"
    )


def test_two_words_of_the_document_keep_their_hyphen() -> None:
    assert joined("a truth-", "bearing one", beside=("the truth is bearing up",)) == "a truth-bearing one"


def test_a_document_that_parts_no_words_keeps_every_hyphen() -> None:
    assert joined("an anti-", "inflammatory drug", beside=FILLER * 5) == "an anti-inflammatory drug"


def test_a_document_that_parts_words_with_another_sign_keeps_the_plain_hyphen() -> None:
    text = joined("life-", "threatening resis‐", "tance")
    assert text == "life-threatening resistance"


def test_a_hyphen_before_a_capital_or_a_digit_stays() -> None:
    assert joined("the Anglo-", "Saxon king") == "the Anglo-Saxon king"
    assert joined("from 1939-", "1945 on") == "from 1939-1945 on"


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("50–", "100 µm", "50–100 µm"),
        ("the plasma", "—that is all", "the plasma—that is all"),
        ("the plasma —", "that is all", "the plasma — that is all"),
        (
            "see https://example.org/cells/",
            "membranes?part=2",
            "see https://example.org/cells/membranes?part=2",
        ),
        ("細胞は生命の", "最小単位です", "細胞は生命の最小単位です"),
    ],
)
def test_dashes_addresses_and_scripts_without_spaces(first: str, second: str, whole: str) -> None:
    assert joined(first, second) == whole


def test_pages_begin_where_their_lines_begin() -> None:
    lines = [*column("on the first", "page it", page=1), *column("goes on", page=2)]
    text, starts, _ = LineJoiner([lines]).join(lines)
    assert starts == [(1, 0), (2, text.index("goes"))]


def test_emphasis_that_goes_over_a_line_is_one_span() -> None:
    lines = column("it is called cell", "membrane and much else is said of it here")
    lines[0].emphasis, lines[1].emphasis = [(13, 17)], [(0, 8)]
    text, _, emphasis = LineJoiner([lines]).join(lines)
    assert [text[start:end] for start, end in emphasis] == ["cell membrane"]


def test_where_all_is_emphasised_nothing_is() -> None:
    assert merged([(0, 20)], "x" * 20) == []


def test_one_line_is_its_own_text() -> None:
    one = line("Alone.")
    assert LineJoiner([[one]]).join([one])[0] == "Alone."
