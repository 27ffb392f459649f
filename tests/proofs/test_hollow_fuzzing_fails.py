"""A run of the fuzzer whose cases are all refused does not pass S8."""

from collections import Counter

import pytest

from proofs import s08_fuzzed_rest
from proofs.callers.fuzzed_answers import Judge
from proofs.ground import Size
from proofs.numbers import Numbers
from proofs.s08_fuzzed_rest import judge_depth

ASKED = {f"GET /v1/things/{number}" for number in range(71)}


def judged(answered: set[str], statuses: dict[int, int], size: Size = Size.LONG) -> list[str]:
    numbers = Numbers(1)
    told = Counter(dict.fromkeys(answered, 1))
    judge_depth(numbers, Judge(operations=ASKED, answered=told, in_sequences=Counter(statuses)), size)
    return numbers.broken


@pytest.fixture(autouse=True)
def nothing_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s08_fuzzed_rest, "NEVER_ANSWERED", {})


def test_every_operation_answered_and_few_refused_in_sequences_pass() -> None:
    assert judged(ASKED, {200: 95, 401: 5}) == []


def test_an_operation_that_no_case_reached_fails_the_long_form() -> None:
    assert judged(ASKED - {"GET /v1/things/7"}, {200: 1}) == ["never answered with 2xx: ['GET /v1/things/7']"]


def test_one_with_a_reason_passes_until_a_case_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s08_fuzzed_rest, "NEVER_ANSWERED", {"GET /v1/things/7": "nothing makes it"})
    assert judged(ASKED - {"GET /v1/things/7"}, {200: 1}) == []
    assert judged(ASKED, {200: 1}) == ["answered with 2xx against what is said: ['GET /v1/things/7']"]


def test_sequences_that_are_not_let_in_fail() -> None:
    assert judged(ASKED, {200: 80, 401: 20}) == ["few sequences were let in: {'200': 80, '401': 20}"]


def test_the_short_form_has_a_floor_of_its_own() -> None:
    some = set(sorted(ASKED)[: s08_fuzzed_rest.LEAST_ANSWERED_IN_SHORT])
    assert judged(some, {401: 1}, Size.SHORT) == []
    assert judged(set(sorted(some)[1:]), {200: 1}, Size.SHORT) != []
