"""The text of the sample chapter: what a learner relies on is there, and the figures are right."""

import re
from math import asin, degrees, log2, log10, pi, sqrt

import pytest

from examples.chapter import Formula, Heading, ItemList, Paragraph, Run, Table, plain, read_chapter
from examples.make_sample import HERE, NAME

BLOCKS = read_chapter((HERE / f"{NAME}.md").read_text(encoding="utf-8"))
PARAGRAPHS = [block for block in BLOCKS if isinstance(block, Paragraph)]
WORDS = " ".join(plain(paragraph.text) for paragraph in PARAGRAPHS)
KEY_TERMS = [run.text for paragraph in PARAGRAPHS for run in paragraph.text if run.bold]

SOUND, WATER = 343.0, 1482.0
GAS = 8.314
INTENSITY = 0.10 / (4 * pi * 4.0**2)
THRESHOLD = 1e-12


def defining_sentences() -> list[tuple[str, str]]:
    """Each key term with the rest of the sentence it stands in."""
    found = []
    for paragraph in PARAGRAPHS:
        for at, run in enumerate(paragraph.text):
            if run.bold:
                rest = plain(paragraph.text[at + 1 :])
                found.append((run.text, re.split(r"[.;:](?:\s|$)", rest, maxsplit=1)[0]))
    return found


@pytest.mark.parametrize(("term", "rest"), defining_sentences())
def test_a_key_term_is_defined_in_the_sentence_it_stands_in(term: str, rest: str) -> None:
    assert re.match(r" (is|are) \w+", rest), f"{term!r} is followed by {rest!r}"
    assert len(rest.split()) >= 5


def test_a_key_term_is_marked_once_and_there_are_enough_for_a_concept_map() -> None:
    assert len(KEY_TERMS) == len({term.lower() for term in KEY_TERMS})
    assert len(KEY_TERMS) >= 50


def test_the_chapter_has_a_title_objectives_sections_and_a_summary() -> None:
    headings = [block for block in BLOCKS if isinstance(block, Heading)]
    sections = [plain(heading.text) for heading in headings if heading.level == 2]
    assert [plain(heading.text) for heading in headings if heading.level == 1] == ["Waves and Sound"]
    assert (sections[0], sections[-1]) == ("Learning Objectives", "Chapter Summary")
    assert 6 <= len(sections) - 2 <= 8
    assert sum(heading.level == 3 for heading in headings) >= 10


def test_the_chapter_has_a_procedure_tables_and_numbered_formulas() -> None:
    procedures = [block for block in BLOCKS if isinstance(block, ItemList) and block.numbered]
    formulas = [block for block in BLOCKS if isinstance(block, Formula)]
    assert [len(procedure.items) for procedure in procedures] == [8]
    assert sum(isinstance(block, Table) for block in BLOCKS) == 2
    assert [formula.number for formula in formulas] == [str(n) for n in range(1, len(formulas) + 1)]


def test_every_equation_referred_to_exists() -> None:
    numbers = {block.number for block in BLOCKS if isinstance(block, Formula)}
    referred = set(re.findall(r"Equations? \((\d+)\)", WORDS))
    assert len(referred) >= 8
    assert referred <= numbers


def test_the_length_is_that_of_a_chapter() -> None:
    assert 4000 <= len(re.findall(r"[A-Za-z]{2,}", WORDS)) <= 5000


@pytest.mark.parametrize(
    "printed",
    [
        f"√(71.6/0.0035) = {sqrt(71.6 / 0.0035):.0f} m/s",
        f"delay of 12 s means that the earthquake was about {round(12 / (1 / 3.5 - 1 / 6), -1):.0f} km away",
        f"T = 1/(440 Hz) = {1 / 440:.5f} s, or {1000 / 440:.2f} ms",
        f"λ = (343 m/s)/(440 Hz) = {SOUND / 440:.3f} m",
        f"λ = (1,482 m/s)/(440 Hz) = {WATER / 440:.2f} m",
        f"1,482/343 = {WATER / SOUND:.2f}",
        f"A sound of 100 Hz has a wavelength of {SOUND / 100:.2f} m",
        f"the same steady note of 343 Hz, whose wavelength in air is {SOUND / 343:.2f} m",
        f"at 440 Hz gives {443 - 440} beats",
        f"143/(2 × 0.65) = {143 / (2 * 0.65):.0f} Hz",
        f"harmonics lie at {2 * 110} Hz and {3 * 110} Hz",
        f"343/(2 × 0.50) = {SOUND / (2 * 0.50):.0f} Hz",
        f"343/(4 × 0.50) = {SOUND / (4 * 0.50):.0f} Hz",
        f"√(1.40 × 8.314 × 293/0.02896) = {sqrt(1.40 * GAS * 293 / 0.02896):.0f} m/s",
        f"gives {331 + 0.6 * 0:.0f} m/s at 0 °C and {331 + 0.6 * 20:.0f} m/s at 20 °C",
        f"1,000/343 = {1000 / SOUND:.1f} s",
        f"2 × 512 × (0.494 − 0.159) = {2 * 512 * (0.494 - 0.159):.0f} m/s",
        f"the wavelength of {2 * (0.494 - 0.159):.3f} m",
        f"it is 0.159 m instead of {(0.494 - 0.159) / 2:.4f} m",
        f"must be at least {SOUND * 0.1 / 2:.0f} m away",
        f"1,500 × 0.80/2 = {1500 * 0.80 / 2:.0f} m",
        f"waves of 5.0 MHz have a wavelength of {1540 / 5.0e6 * 1000:.2f} mm",
        f"from about {SOUND / 20:.0f} m down to {SOUND / 20000 * 1000:.0f} mm",
        f"adds {10 * log10(2):.1f} dB, since 10 log₁₀ 2 = {10 * log10(2):.1f}",
        f"0.10/(4π × 4.0²) = 0.10/{4 * pi * 4.0**2:.0f} = {INTENSITY * 1e4:.2f} × 10⁻⁴ W/m²",
        f"This is {INTENSITY / THRESHOLD / 1e6:.0f} million times the threshold",
        f"10 log₁₀(497,000,000) = 10 × {log10(497e6):.2f} = {10 * log10(INTENSITY / THRESHOLD):.0f} dB",
        f"one quarter as great, {INTENSITY / 4 * 1e4:.2f} × 10⁻⁴ W/m²",
        f"10 log₁₀(124,000,000) = {10 * log10(124e6):.0f} dB",
        f"10 log₁₀ 4 = {10 * log10(4):.1f}",
        f"30 m/s, which is {30 * 3.6:.0f} km/h",
        f"700 × 343/(343 − 30) = {700 * SOUND / (SOUND - 30):.0f} Hz",
        f"700 × 343/(343 + 30) = {700 * SOUND / (SOUND + 30):.0f} Hz",
        f"767/644 = {767 / 644:.2f} as the siren passes",
        f"700 × (343 + 30)/343 = {700 * (SOUND + 30) / SOUND:.0f} Hz",
        f"v/w = 0.5 and the angle is {degrees(asin(0.5)):.0f}°",
        f"about {100 * (1 - 1 / sqrt(1.40)):.0f} percent too low",
        f"took 54.6 s on average, so that its speed came out at {18.6e3 / 54.6:.0f} m/s",
    ],
)
def test_a_computed_figure_is_printed_as_it_comes_out(printed: str) -> None:
    assert printed in WORDS


def test_the_passing_siren_falls_by_as_many_semitones_as_the_text_says() -> None:
    assert "which is about three semitones" in WORDS
    assert 12 * log2(767 / 644) == pytest.approx(3, abs=0.05)


def test_the_levels_of_table_2_belong_to_its_intensities() -> None:
    table = [block for block in BLOCKS if isinstance(block, Table)][1]
    for _, level, intensity in table.rows[1:]:
        value = _number(plain(intensity))
        assert 10 * log10(value / THRESHOLD) == pytest.approx(float(plain(level)))


def test_the_gases_of_table_1_agree_with_the_formula_of_the_chapter() -> None:
    table = next(block for block in BLOCKS if isinstance(block, Table))
    gases = {"Carbon dioxide": (1.30, 0.04401), "Air, dry": (1.40, 0.02896), "Helium": (5 / 3, 0.0040026)}
    rows = [tuple(plain(cell) for cell in row) for row in table.rows[1:]]
    checked = [row for row in rows if row[0] in gases]
    assert len(checked) == 4
    for name, celsius, density, speed in checked:
        ratio, molar_mass = gases[name]
        kelvins = float(celsius) + 273.15
        assert float(speed) == pytest.approx(sqrt(ratio * GAS * kelvins / molar_mass), rel=0.005)
        assert float(density) == pytest.approx(101325 * molar_mass / (GAS * kelvins), rel=0.01)


def test_a_formula_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="must end with its number"):
        read_chapter("> *v* = *d*/*t*\n")


def test_a_block_that_cannot_be_printed_is_refused() -> None:
    with pytest.raises(ValueError, match="a fence cannot be printed"):
        read_chapter("```\ncode\n```\n")


def test_styles_are_read_from_the_source() -> None:
    (block,) = read_chapter("The **node** of *L*.\n")
    assert isinstance(block, Paragraph)
    assert block.text == (Run("The "), Run("node", bold=True), Run(" of "), Run("L", italic=True), Run("."))


def _number(printed: str) -> float:
    """A figure such as 0.1 or 10⁻⁶."""
    if not printed.startswith("10⁻"):
        return float(printed)
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    return float(f"1e-{printed[3:].translate(digits)}")
