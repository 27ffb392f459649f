"""Text comes out in characters that people read."""

from hypothesis import given
from hypothesis import strategies as st

from workers.documents.characters import clean, is_cjk


def test_ligatures_are_spelled_out() -> None:
    assert (
        clean("ef\ufb01cient \ufb02ow of a di\ufb03cult o\ufb00er") == "efficient flow of a difficult offer"
    )


def test_every_space_is_a_plain_one() -> None:
    assert clean("5\u00a0km,\u2009not\u202f6\t7") == "5 km, not 6 7"


def test_what_no_reader_sees_is_left_out() -> None:
    assert clean("re\u00adsis\u200btance\x00 of\ufeff\ufffd \ue123air") == "resistance of air"


def test_bullets_of_symbol_fonts_become_bullets() -> None:
    assert clean("\uf0b7 first") == "• first"


def test_mathematical_letters_become_plain_ones() -> None:
    assert clean("𝐸 = 𝑚𝑐") == "E = mc"


def test_accents_and_other_scripts_stay() -> None:
    assert clean("Größe, café, Ελλάδα, 日本") == "Größe, café, Ελλάδα, 日本"


def test_only_scripts_without_spaces_are_written_without_them() -> None:
    assert is_cjk("日")
    assert is_cjk("か")
    assert not is_cjk("é")


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)
