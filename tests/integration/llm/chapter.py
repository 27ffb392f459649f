"""A page of a chapter on waves, as passages."""

from mootion.document.v1.document_pb2 import PageSpan, Passage

_SECTIONS = (
    (
        "What a wave is",
        "A wave is a disturbance that carries energy from one place to another without carrying matter. "
        "The medium is the substance that a mechanical wave travels through. "
        "A transverse wave moves the medium at right angles to its direction of travel. "
        "A longitudinal wave moves the medium back and forth along its direction of travel.",
    ),
    (
        "Measuring waves",
        "The wavelength is the distance between two neighbouring crests of a wave. "
        "The frequency is the number of crests that pass a point in one second, measured in hertz. "
        "The amplitude is the largest displacement of the medium from its rest position. "
        "The speed of a wave equals its wavelength multiplied by its frequency. "
        "A wave with a wavelength of 2 m and a frequency of 170 Hz travels at 340 m/s.",
    ),
    (
        "Sound",
        "Sound is a longitudinal wave in air, water or a solid. "
        "Pitch is how high or low a sound seems, and it rises with frequency. "
        "Loudness depends on amplitude because a larger amplitude carries more energy. "
        "An echo is a sound that is heard again after it was reflected from a hard surface.",
    ),
)


def _passages() -> list[Passage]:
    made, start = [], 0
    for number, (title, text) in enumerate(_SECTIONS):
        made.append(
            Passage(
                passage_id=f"passage-{number}",
                document_id="waves",
                sequence=number,
                text=text,
                section_path=["Waves", title],
                first_page=number + 1,
                last_page=number + 1,
                start_char=start,
                end_char=start + len(text),
                page_spans=[PageSpan(page=number + 1, start_char=0, end_char=len(text))],
            )
        )
        start += len(text) + 2
    return made


PASSAGES = _passages()
