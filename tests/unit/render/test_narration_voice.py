"""The built-in voice speaks the same way each time and says when each word is spoken."""

import numpy as np
import pytest

from workers.render.voice import SAMPLE_RATE, EspeakVoice, Utterance

SENTENCES = [
    "Photosynthesis turns light into chemical energy.",
    "Leaves are green, because they reflect green light.",
]


@pytest.fixture(scope="module")
def utterances() -> list[Utterance]:
    return EspeakVoice().say(SENTENCES, "en")


def test_the_same_sentences_give_the_same_samples(utterances: list[Utterance]) -> None:
    for first, second in zip(utterances, EspeakVoice().say(SENTENCES, "en"), strict=True):
        assert np.array_equal(first.samples, second.samples)
        assert first.words == second.words


def test_the_pace_suits_a_lesson(utterances: list[Utterance]) -> None:
    words = sum(len(utterance.text.split()) for utterance in utterances)
    seconds = sum(utterance.duration for utterance in utterances)
    assert 110 <= words / seconds * 60 <= 190


def test_words_are_timed_in_order_within_the_sound(utterances: list[Utterance]) -> None:
    for utterance in utterances:
        said = [utterance.text[word.first : word.last] for word in utterance.words]
        assert " ".join(said) == utterance.text.replace(",", "").replace(".", "")
        assert utterance.words[0].start <= 0.05
        for word, following in zip(utterance.words, utterance.words[1:], strict=False):
            assert word.start < following.start <= utterance.duration


def test_sound_begins_and_ends_with_the_speech_and_does_not_clip(utterances: list[Utterance]) -> None:
    for utterance in utterances:
        loud = np.flatnonzero(np.abs(utterance.samples) > 0.02)
        assert loud[0] < 0.1 * SAMPLE_RATE
        assert loud[-1] > len(utterance.samples) - 0.1 * SAMPLE_RATE
        assert 0.2 < np.abs(utterance.samples).max() < 0.98


def test_an_unknown_language_is_read_as_english() -> None:
    assert EspeakVoice().say(["Hello."], "xx")[0].duration > 0.2


def test_other_languages_have_voices_of_their_own() -> None:
    german, english = (EspeakVoice().say(["Wasser und Licht"], language)[0] for language in ("de", "en"))
    assert not np.array_equal(german.samples, english.samples)


def test_a_text_without_words_is_silent() -> None:
    assert EspeakVoice().say(["…"], "en")[0].words == []


def test_marks_of_the_speech_program_are_only_text() -> None:
    spoken = EspeakVoice().say(['<audio src="x.wav"/> [[h@loU]] <speak>three</speak>'], "en")[0]
    assert spoken.duration > 0.5
