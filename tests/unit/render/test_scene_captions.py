"""Captions are short, whole and in step with the voice."""

from itertools import pairwise

import numpy as np
import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.render.captions import LINE_LENGTH, Cue, cues_of, split, web_vtt, wrapped
from workers.render.scripts import columns
from workers.render.voice import SAMPLE_RATE, SpokenWord, Utterance

SENTENCE = (
    "Although the light reactions take place in the thylakoid membrane, the Calvin cycle runs in the stroma, "
    "which is the fluid around it, and it needs the energy that the light reactions have stored."
)


def spoken(text: str, seconds: float) -> Utterance:
    """`text` said at an even pace."""
    pieces = [(place, word) for place, word in _places(text)]
    step = seconds / max(1, len(pieces))
    words = [
        SpokenWord(place, place + len(word), number * step, (number + 1) * step)
        for number, (place, word) in enumerate(pieces)
    ]
    return Utterance(text, np.zeros(round(seconds * SAMPLE_RATE), np.float32), words)


def _places(text: str) -> list[tuple[int, str]]:
    found, place = [], 0
    for word in text.split():
        place = text.index(word, place)
        found.append((place, word))
        place += len(word)
    return found


@given(st.text(alphabet="abcdefg ,.;:中文かな", max_size=300))
def test_pieces_hold_every_letter_in_at_most_two_short_lines(text: str) -> None:
    pieces = split(text)
    assert "".join("".join(piece for _, piece in pieces).split()) == "".join(text.split())
    for place, piece in pieces:
        assert text[place:].startswith(piece[:1])
        lines = wrapped(piece).split("\n")
        assert len(lines) <= 2
        assert all(columns(line) <= LINE_LENGTH for line in lines)


def test_a_long_sentence_is_cut_after_a_clause() -> None:
    pieces = [piece for _, piece in split(SENTENCE)]
    assert pieces[0].endswith("membrane,")
    assert len(pieces) == 3


def test_cues_follow_each_other_from_first_to_last_word() -> None:
    cues = cues_of(spoken(SENTENCE, 12.0), 3.0)
    assert cues[0].start == 3.0
    assert cues[-1].end == pytest.approx(15.0)
    for cue, following in pairwise(cues):
        assert cue.end == following.start


def test_a_cue_begins_with_its_first_word() -> None:
    utterance = spoken(SENTENCE, 12.0)
    for cue in cues_of(utterance, 0.0)[1:]:
        place = SENTENCE.index(" ".join(cue.text.split()))
        assert cue.start == pytest.approx(next(word.start for word in utterance.words if word.first == place))


def test_web_vtt_is_read_back_by_another_program() -> None:
    cues = [Cue(0.48, 2.5, "a < b & c\nsecond line"), Cue(3601.0, 3602.25, "-->")]
    events = pysubs2.SSAFile.from_string(web_vtt(cues), format_="vtt")
    assert [(event.start, event.end) for event in events] == [(480, 2500), (3_601_000, 3_602_250)]
    assert "&lt;" in web_vtt(cues)
    assert web_vtt(cues).count("-->") == 2
