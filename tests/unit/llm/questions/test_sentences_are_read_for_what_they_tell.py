"""Definitions, claims, reasons, lists, numbers and formulas found in sentences."""

import pytest
from mootion.document.v1.document_pb2 import Passage
from mootion.llm.v1.task_pb2 import Concept

from services.llm.extractive.analysis import analyse
from services.llm.extractive.questions.causes import causes
from services.llm.extractive.questions.claims import claims
from services.llm.extractive.questions.definitions import definitions
from services.llm.extractive.questions.expression_text import in_latex, in_plain_text, in_words
from services.llm.extractive.questions.expressions import UnreadableExpression, in_sympy, parse
from services.llm.extractive.questions.formulas import formulas
from services.llm.extractive.questions.listings import listings
from services.llm.extractive.questions.opposites import opposite_of
from services.llm.extractive.questions.quantities import quantities
from services.llm.extractive.questions.reading import Reading, read
from services.llm.extractive.questions.wording import (
    begins_with_vowel_sound,
    cleaned,
    is_plural,
    plural,
    singular,
    with_capital,
    with_small_letter,
)


def reading_of(text: str, *concepts: str, path: tuple[str, ...] = ("Chapter", "Section")) -> Reading:
    passage = Passage(passage_id="p", document_id="d", text=text, section_path=path)
    return read(analyse([passage], "en"), [Concept(name=name, importance=0.5) for name in concepts])


@pytest.mark.parametrize(
    ("sentence", "term", "meaning"),
    [
        ("An ion is an atom that carries an electrical charge.", "ion", "an atom that carries an electrical charge"),
        ("A slowly moving glacier is known as an icefield.", "icefield", "a slowly moving glacier"),
        ("Sailors define shoals as places that ships must avoid.", "shoals", "places that ships must avoid"),
        ("Osmosis refers to the diffusion of water through a "
            "membrane.", "osmosis", "the diffusion of water through a membrane"),
        ("The half-life, the time in which half of a sample decays, differs "
            "widely.", "half-life", "the time in which half of a sample decays"),
        (
            "A river’s sediment load is the mass of the sand and clay in its water.",
            "sediment load",
            "the mass of the sand and clay in a river’s water",
        ),
        ("An atom that has an electrical charge is an ion.", "ion", "an atom that has an electrical charge"),
    ],
)  # fmt: skip
def test_a_definition_gives_its_term_and_its_meaning(sentence: str, term: str, meaning: str) -> None:
    found = definitions(reading_of(sentence, term))
    assert [(d.named, d.meaning) for d in found] == [(term, meaning)]


@pytest.mark.parametrize(
    "sentence",
    [
        "A catalyst is the most important thing in this chapter.",
        "A catalyst is an example of a chemical that helps.",
        "A catalyst is also a substance that costs money.",
        "A catalyst is used up in no reaction at all.",
        "In this section, a catalyst is shown in Figure 3.",
        "The solvent, the catalyst, and the buffer were mixed by hand.",
    ],
)
def test_what_only_looks_like_a_definition_is_none(sentence: str) -> None:
    assert definitions(reading_of(sentence, "catalyst", "solvent")) == []


def test_a_claim_is_split_into_subject_and_predicate() -> None:
    claim = claims(reading_of("In the body, enzymes also lower the energy that a reaction needs.", "enzyme"))[
        0
    ]
    assert (claim.lead, claim.subject, claim.predicate) == (
        "In the body",
        "enzymes",
        "lower the energy that a reaction needs",
    )
    assert claim.is_plural


def test_a_pronoun_goes_on_about_the_subject_before_and_is_proved_with_it() -> None:
    text = "An enzyme is a protein that speeds up reactions. It lowers the energy that a reaction needs to begin."
    claim = claims(reading_of(text, "enzyme"))[-1]
    assert claim.statement == "An enzyme lowers the energy that a reaction needs to begin."
    assert claim.since is not None and claim.since.text.startswith("An enzyme is")


def test_a_pronoun_of_another_number_is_left_alone() -> None:
    text = (
        "Enzymes are proteins that speed up reactions. It lowers the energy that a reaction needs to begin."
    )
    assert all(claim.since is None for claim in claims(reading_of(text, "enzyme")))


@pytest.mark.parametrize(
    "sentence",
    [
        "This enzyme lowers the energy that a reaction needs.",
        "You can see that enzymes lower the energy of reactions.",
        "Enzymes collected from patients must be kept at low temperature.",
        "Enzymes lower the energy, as shown in Table 4, of many reactions.",
    ],
)
def test_a_sentence_that_leans_on_others_makes_no_claim(sentence: str) -> None:
    reading = reading_of(sentence, "enzyme")
    assert [claim for claim in claims(reading) if claim.sentence.index not in reading.weak] == []


def test_a_reason_is_split_from_its_fact() -> None:
    cause = causes(
        reading_of("Ice floats on water because it is less dense than liquid water.", "water", "ice")
    )[0]
    assert (cause.fact, cause.reason, cause.opening) == (
        "Ice floats on water",
        "it is less dense than liquid water",
        "it",
    )


@pytest.mark.parametrize(
    ("text", "group", "items", "whole"),
    [
        (
            "Three types of rocks matter here. These are igneous rocks, sedimentary rocks, and metamorphic rocks.",
            "three types of rocks", ("igneous rocks", "sedimentary rocks", "metamorphic rocks"), True,
        ),
        ("Blood carries dissolved gases such as oxygen, nitrogen, and "
            "argon.", "dissolved gases", ("oxygen", "nitrogen", "argon"), False),
        (
            "The three layers of the Earth are the crust, the mantle, and the core.",
            "the three layers of the Earth", ("crust", "mantle", "core"), True,
        ),
    ],
)  # fmt: skip
def test_a_list_gives_its_group_and_its_parts(
    text: str, group: str, items: tuple[str, ...], whole: bool
) -> None:
    found = listings(reading_of(text))
    assert [(listing.group, listing.items, listing.is_complete) for listing in found] == [
        (group, items, whole)
    ]


def test_numbers_keep_their_units_and_ranges_are_left_alone() -> None:
    found = quantities(
        reading_of(
            "Water boils at about 100 °C at sea level. Samples of water weigh from 20 to 50 grams.", "water"
        )
    )
    assert [(q.written, q.unit) for q in found] == [("100", "°C")]


@pytest.mark.parametrize(
    ("text", "value", "latex", "said"),
    [
        ("fλ", "f*λ", r"f \lambda", "f times lambda"),
        ("nv/(2L)", "n*v/(2*L)", r"\frac{n v}{2 L}", "n times v, divided by 2 times L"),
        ("√(F/μ)", "sqrt(F/μ)", r"\sqrt{\frac{F}{\mu}}", "the square root of F over mu"),
        ("4πr²", "4*pi*r**2", r"4 \pi r^{2}", "4 times pi times r squared"),
        ("2f(L₂ − L₁)", "2*f*(-L1 + L2)", r"2 f \left(L_{2} - L_{1}\right)", "2 times f times the difference of L "
            "two and L one"),
    ],
)  # fmt: skip
def test_an_expression_is_read_shown_and_said(text: str, value: str, latex: str, said: str) -> None:
    node = parse(text)
    assert (str(in_sympy(node)), in_latex(node), in_words(node)) == (value, latex, said)


@pytest.mark.parametrize(
    "text",
    ["", "getting one head", "__import__('os').system('x')", "{1, 2}", "a^99", "(" * 60 + "x", "x" * 200, "2 +",
     "1/0x)", "λ lambda f(."],
)  # fmt: skip
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(UnreadableExpression):
        in_sympy(parse(text))


def test_values_are_put_into_an_expression_in_plain_text() -> None:
    assert (
        in_plain_text(parse("f(v + u)/(v − w)"), {"f": "5", "v": "3", "u": "2", "w": "1"})
        == "5 × (3 + 2) / (3 − 1)"
    )


def test_formulas_know_their_symbols_and_values_with_units_are_none() -> None:
    text = (
        "The speed of a wave follows from v = fλ. Here v is the speed of the wave in metres per second and f is the "
        "frequency in hertz. The threshold is I = 10⁻¹² W/m². The set is S = {HH, TT}."
    )
    found = formulas(reading_of(text, "wave"))
    assert [formula.text for formula in found] == ["v = fλ"]
    assert found[0].meanings == {"v": "the speed of the wave", "f": "the frequency"}


def test_opposites_fit_the_words_behind_them() -> None:
    assert opposite_of("more", " heat than the other") == "less"
    assert opposite_of("more", " electrons than protons") == "fewer"
    assert opposite_of("basic", " (alkaline)") == ""
    assert opposite_of("similar", " to inductive reasoning") == ""


def test_wording_keeps_to_english() -> None:
    assert [begins_with_vowel_sound(word) for word in ("atom", "union", "hour", "European", "MRI scan")] == [
        True, False, True, False, True,
    ]  # fmt: skip
    assert [plural(word) for word in ("law of logic", "hypothesis", "body", "phenomenon")] == [
        "laws of logic", "hypotheses", "bodies", "phenomena",
    ]  # fmt: skip
    assert [singular(word) for word in ("laws of logic", "nuclei", "viruses", "lens")] == [
        "law of logic", "nucleus", "virus", "lens",
    ]  # fmt: skip
    assert is_plural("acids of the stomach") and not is_plural("physics")
    assert with_capital("pH of blood") == "pH of blood" and with_small_letter("DNA") == "DNA"
    assert cleaned("The pH ( ) of blood (see Figure 2), for example, is P(A) , as is known.") == (
        "The pH of blood is P(A), as is known."
    )
