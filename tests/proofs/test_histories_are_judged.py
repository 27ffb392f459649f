"""The checker of histories fails where it must: a proof that could not fail would prove nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.history import judge

names = st.lists(st.sampled_from("abcdefgh"), unique=True)


def test_a_good_history_holds() -> None:
    verdict = judge(["a", "b", "c"], ["a", "b"], ["b", "a", "c"])
    assert verdict.holds
    assert verdict.numbers() == {
        "attempted": 3,
        "acknowledged": 2,
        "lost": 0,
        "duplicated": 0,
        "recovered": 1,
        "unexpected": 0,
    }


@pytest.mark.parametrize(
    ("attempted", "acknowledged", "effects", "fault"),
    [
        ("ab", "ab", "a", {"lost": 1}),
        ("ab", "", "aab", {"duplicated": 1}),
        ("ab", "ab", "aaabb", {"duplicated": 2}),
        ("a", "a", "ab", {"unexpected": 1}),
        ("a", "ab", "a", {"unexpected": 1, "lost": 1}),
        ("", "", "a", {"unexpected": 1}),
        ("abc", "abc", "", {"lost": 3}),
    ],
)
def test_a_bad_history_does_not_hold(
    attempted: str, acknowledged: str, effects: str, fault: dict[str, int]
) -> None:
    verdict = judge(attempted, acknowledged, effects)
    assert not verdict.holds
    found = verdict.numbers()
    assert {name: found[name] for name in ("lost", "duplicated", "unexpected") if found[name]} == fault


@given(attempted=names, share=st.data())
def test_a_planted_fault_is_always_found(attempted: list[str], share: st.DataObject) -> None:
    effects = share.draw(st.lists(st.sampled_from(attempted), unique=True)) if attempted else []
    acknowledged = share.draw(st.lists(st.sampled_from(effects), unique=True)) if effects else []
    assert judge(attempted, acknowledged, effects).holds
    assert not judge(attempted, acknowledged, [*effects, "stranger"]).holds
    if acknowledged:
        gone = share.draw(st.sampled_from(acknowledged))
        assert judge(attempted, acknowledged, [name for name in effects if name != gone]).lost == 1
        assert judge(attempted, acknowledged, [*effects, gone]).duplicated == 1
