import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.config import ConfigurationError, Secret
from mesh.sealing import Sealer, Unreadable
from mesh.secret_keys import read_or_make
from mesh.signature import GOOD_FOR_SECONDS, Signer

KEY, OTHER = b"k" * 32, b"o" * 32
PATH = "/mootion.quiz.v1.QuizService/GetQuiz"
SAID = {
    "mootion-caller": "search",
    "mootion-principal": "ada",
    "mootion-role": "STUDENT",
    "mootion-request-id": "r1",
}
NOW = 1_800_000_000.0


def signer(key: bytes = KEY, now: float = NOW) -> Signer:
    return Signer(key, lambda: now)


def test_what_was_signed_is_good_for_a_minute() -> None:
    signature = signer().sign(PATH, SAID)
    assert signer(now=NOW + GOOD_FOR_SECONDS - 1).is_good(signature, PATH, SAID)
    assert not signer(now=NOW + GOOD_FOR_SECONDS + 1).is_good(signature, PATH, SAID)


@pytest.mark.parametrize("key", [*SAID])
def test_a_changed_word_breaks_the_signature(key: str) -> None:
    signature = signer().sign(PATH, SAID)
    assert not signer().is_good(signature, PATH, {**SAID, key: "other"})
    assert not signer().is_good(signature, PATH, {name: value for name, value in SAID.items() if name != key})


def test_a_signature_is_of_one_method_and_one_key() -> None:
    signature = signer().sign(PATH, SAID)
    assert not signer().is_good(signature, PATH + "s", SAID)
    assert not signer(OTHER).is_good(signature, PATH, SAID)


@given(st.text(max_size=80))
def test_no_text_is_a_signature_by_chance(text: str) -> None:
    assert not signer().is_good(text, PATH, SAID)


@given(st.binary(max_size=300), st.text(min_size=1, max_size=30))
def test_what_was_sealed_opens_in_its_place_only(value: bytes, place: str) -> None:
    sealed = Sealer(KEY).seal(value, place)
    assert Sealer(KEY).open(sealed, place) == value
    assert Sealer(OTHER, KEY).open(sealed, place) == value
    for sealer, where in ((Sealer(KEY), place + "x"), (Sealer(OTHER), place)):
        with pytest.raises(Unreadable):
            sealer.open(sealed, where)


@given(st.binary(min_size=1, max_size=50), st.integers(min_value=0))
def test_a_changed_byte_is_seen(value: bytes, position: int) -> None:
    sealed = bytearray(Sealer(KEY).seal(value, "here"))
    sealed[position % len(sealed)] ^= 1
    with pytest.raises(Unreadable):
        Sealer(KEY).open(bytes(sealed), "here")


def test_only_the_newest_key_seals() -> None:
    old = Sealer(OTHER).seal(b"x", "here")
    both = Sealer(KEY, OTHER)
    assert both.open(old, "here") == b"x"
    with pytest.raises(Unreadable):
        Sealer(OTHER).open(both.seal(b"x", "here"), "here")


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "data.key"
    first = read_or_make(None, path, "MOOTION_DATA_KEY")
    assert read_or_make(None, path, "MOOTION_DATA_KEY") == first
    assert len(first) == 32
    assert os.stat(path).st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["data.key"]


def test_a_key_is_made_where_one_that_was_killed_left_its_draft(tmp_path: Path) -> None:
    tmp_path.joinpath(f"data.key.{os.getpid()}").touch()
    assert len(read_or_make(None, tmp_path / "data.key", "MOOTION_DATA_KEY")) == 32


@pytest.mark.parametrize("text", ["", "short", "not base64!", "QUJD"])
def test_a_key_that_is_none_is_refused_without_repeating_it(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_or_make(Secret(text), tmp_path / "k", "MOOTION_DATA_KEY")
    assert "MOOTION_DATA_KEY" in str(refused.value)
    assert not text or text not in str(refused.value)
