"""Addresses of services: one, several replicas, or one name for all of them."""

import pytest

from mesh import addresses


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("127.0.0.1:50051", "ipv4:127.0.0.1:50051"),
        ("10.0.0.1:1, 10.0.0.2:2", "ipv4:10.0.0.1:1,10.0.0.2:2"),
        ("[::1]:50051,[::2]:50051", "ipv6:[::1]:50051,[::2]:50051"),
        ("document.mootion:50051", "dns:///document.mootion:50051"),
    ],
)
def test_a_channel_is_opened_to_every_replica(given: str, target: str) -> None:
    assert addresses.problem_of(given) == ""
    assert addresses.target(given) == target


@pytest.mark.parametrize("given", ["quiz", "quiz:", ":50051", "quiz:0", "quiz:70000", "10.0.0.1:1,"])
def test_what_is_no_address_is_refused_with_an_example(given: str) -> None:
    assert "host:port" in addresses.problem_of(given)


@pytest.mark.parametrize("given", ["a.mootion:1,b.mootion:1", "10.0.0.1:1,b.mootion:1", "10.0.0.1:1,[::1]:1"])
def test_several_that_no_channel_can_be_opened_to_are_refused(given: str) -> None:
    assert "one name that stands for all" in addresses.problem_of(given)


def test_an_ipv6_address_loses_its_brackets() -> None:
    assert addresses.host_and_port("[::1]:50051") == ("::1", 50051)
