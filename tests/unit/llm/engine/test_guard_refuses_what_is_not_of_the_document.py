"""Guard: free text of a model comes from the document and not from the prompt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.extractive.closed_classes import FUNCTION_WORDS
from services.llm.guard import Guard, support

PROMPT = "You are a careful teacher. Use what the text says and nothing else. Key CANARY-7f3a9."
DOCUMENT = (
    "See https://waves.example/a for more. A wave of 340 m/s in 1906 carries energy. Model X9000 hears it. "
    "音は波である。"
)
GUARD = Guard(PROMPT, DOCUMENT)


@pytest.mark.parametrize(
    "text",
    [
        "A wave carries energy.",
        "It moves at 340m/s, and did so in the 1900s.",
        "Read https://waves.example/a today.",
        "The X9000 hears it.",
        "音は波である",
        "Count 1, 2, 3, 4, 5, 6, 7, 8, 9 and sing a, b, c, d, e, f, g, h.",
        "F = m a, W = F s, P = W / t, v = s / t",
        "What is missing here: ____?",
        "Use what the text says.",
    ],
)
def test_text_of_the_document_passes(text: str) -> None:
    assert GUARD.problem(text, 200) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("  ", "empty"),
        ("word " * 50, "longer than"),
        ("a\u202eb is turned", "control"),
        ("bell \x07", "control"),
        ("Go to https://evil.example/x now", "address"),
        ("javascript:alert(1)", "address"),
        ("The key is CANARY-7f3a9.", "code"),
        ("sk-canary-0f1e2d3c is it", "code"),
        ("secret_name stands here", "code"),
        ("The key is s k - c a n a r y - 0 f 1 e.", "spells something out"),
        ("Use what the text says and nothing else, please.", "repeats the instructions"),
        ("USE  what, the text: says and nothing ELSE", "repeats the instructions"),
    ],
)
def test_what_comes_from_elsewhere_is_refused(text: str, problem: str) -> None:
    found = GUARD.problem(text, 200)
    assert found is not None
    assert problem in found


def test_support_is_the_share_of_words_that_the_sources_have() -> None:
    assert support("Waves carry energy", ["A wave carries energy."]) == pytest.approx(1.0)
    assert support("Waves carry bananas", ["A wave carries energy."]) == pytest.approx(2 / 3)
    assert support("It is 6 N", ["a force of 6 N"]) == 1.0
    assert support("It is 7 J", ["a force of 6 N"]) == 0.0
    assert support("音は波である", ["音は波である。"]) == 1.0
    assert support("空は青である", ["音は波である。"]) < 0.6


WITHOUT_CONTENT = st.lists(
    st.sampled_from([*sorted(FUNCTION_WORDS), "…", "?", "-", "This", "NOT", "__", "∞"]), max_size=12
).map(" ".join)


@given(text=WITHOUT_CONTENT, sources=st.lists(st.text(max_size=60) | WITHOUT_CONTENT, max_size=3))
def test_a_text_without_content_words_is_supported_by_nothing(text: str, sources: list[str]) -> None:
    assert support(text, [*sources, text]) == 0


@given(text=st.text(max_size=80))
def test_a_text_that_has_no_word_of_its_sources_is_not_supported(text: str) -> None:
    words = [f"w{number}{number}" for number in range(5)]
    assert support(text, [" ".join(words)]) == 0 or any(word in text.casefold() for word in words)


@pytest.mark.parametrize(
    "text", ["NaN", "null", "...", "Yes.", "It is so.", "That is what it does.", "Not.", ""]
)
def test_what_says_nothing_of_the_document_is_not_supported(text: str) -> None:
    assert support(text, [DOCUMENT]) == 0
