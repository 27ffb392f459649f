"""What S9 sends breaks what it says, and nothing else; every rule of the contracts has a way to break it."""

import random

import pytest

from mesh.policy import Method
from mesh.validation import Validator
from proofs.attacks.breaches import breaches_of
from proofs.attacks.extremes import extremes_of
from proofs.attacks.mangled import mangled
from proofs.callers.doors import methods

SOME_ID = "01a1fd87-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator()


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_each_rule_of_a_request_is_broken_alone(method: Method, validator: Validator) -> None:
    for breach in breaches_of(method, lambda path, name: SOME_ID):
        assert breach.request is not None, f"nobody knows how to break {breach.rule} of {breach.field}"
        broken = {found.field for found in validator.violations(breach.request)}
        assert broken == {breach.field}, breach.rule


def test_the_same_chance_mangles_the_same_way() -> None:
    method = next(each for each in methods() if each.full_name.endswith("AnswerService.Ask"))
    first, second = (list(mangled(b"\x0a\x01x", method.input, random.Random(7), 5)) for _ in range(2))
    assert first == second
    assert len(set(first)) > 30


def test_most_extremes_are_requests_that_reach_their_methods(validator: Validator) -> None:
    requests = [
        request
        for method in methods()
        if method.service in ("answer", "video")
        for request in extremes_of(method, lambda path, name: SOME_ID)
    ]
    valid = [request for request in requests if not validator.violations(request)]
    assert len(requests) > 300
    assert len(valid) > len(requests) // 2
