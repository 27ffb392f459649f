"""Sentences for the ear, points for the screen."""

import pytest

from services.llm.extractive.lesson.speech import seconds_of, spoken
from services.llm.extractive.lesson.trimming import short_point


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It begins at 1 W/m² and ends at 11 kg.", ["It begins at 1 watt per square metre and ends at 11 kilograms."]),
        ("The period is T = 1/f and/or more.", ["The period is T equals 1 over f or more."]),
        ("Sound travels at 343 m/s (in dry air).", ["Sound travels at 343 metres per second."]),
        ("The wavelength λ falls—slowly—with “depth”.", ["The wavelength lambda falls, slowly, with depth."]),
        ("About 20–30 percent of it, e.g. iron, is lost.", ["About 20 to 30 percent of it, for example iron, "
            "is lost."]),
        ("At 20 °C the value is 5%.", ["At 20 degrees Celsius the value is 5 percent."]),
        (
            "Sound travels faster in the warm upper air near the ground at night; its path bends down towards the "
            "ground and the distant voices of people can be heard across a lake.",
            [
                "Sound travels faster in the warm upper air near the ground at night.",
                "Its path bends down towards the ground and the distant voices of people can be heard across a lake.",
            ],
        ),
    ],
)  # fmt: skip
def test_text_is_spoken_in_short_sentences_without_marks(written: str, said: list[str]) -> None:
    assert spoken(written) == said


def test_nothing_to_say_gives_no_sentence() -> None:
    assert spoken("()") == [] and spoken("") == []


def test_seconds_grow_with_letters_sentences_and_most_of_all_with_digits() -> None:
    assert seconds_of([]) == 0
    assert seconds_of(["One. ", "Two."]) > seconds_of(["One. Two."])
    assert seconds_of(["In 1638, it began."]) > seconds_of(["In that year, it began."])


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("the smallest unit of matter", "The smallest unit of matter"),
        (
            "a hard mineral that is told apart from every other stone by the way in which it scratches all of them",
            "A hard mineral",
        ),
        (
            "a muddy stream in which some fine sand is carried for a while, but in the end it sinks to the bottom",
            None,
        ),
        (
            "a process by which plants turn light, water, and air into sugar, which feeds nearly all living things",
            "A process by which plants turn light, water, and air into sugar",
        ),
    ],
)
def test_points_are_cut_where_a_phrase_ends(text: str, point: str | None) -> None:
    cut = short_point(text)
    if point is None:
        assert cut is None or cut in (
            "A muddy stream",
            "A muddy stream in which some fine sand is carried for a while",
        )
    else:
        assert cut is not None and (cut == point or cut.startswith(point))


@pytest.mark.parametrize("text", ["in the end of " * 20, "word " * 40, "(" * 30, "", " . "])
def test_what_cannot_be_cut_is_not_shown(text: str) -> None:
    assert short_point(text) is None
