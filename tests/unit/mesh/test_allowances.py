"""What is counted of a call: in which allowance, for whom, and by whom it was counted before."""

import pytest
from google.protobuf import duration_pb2
from mootion.policy.v1 import policy_pb2

from gateway.limiter import Asked, Limiter
from mesh.allowances import Allowances, headers_of, network_of
from mesh.counted import COUNTED_KEY, Counted
from mesh.metrics import Metrics
from mesh.policy import all_methods
from mesh.ports.limits_memory import MemoryLimits
from mesh.signature import Signer

KEY = b"k" * 32
LOGIN = "/mootion.identity.v1.IdentityService/Login"
ADDRESS, PRINCIPAL = policy_pb2.LIMIT_SCOPE_ADDRESS, policy_pb2.LIMIT_SCOPE_PRINCIPAL


def policy(*limits: tuple[int, int, policy_pb2.LimitScope.ValueType]) -> policy_pb2.MethodPolicy:
    return policy_pb2.MethodPolicy(
        limits=[
            policy_pb2.RateLimit(
                requests=requests, window=duration_pb2.Duration(seconds=seconds), scope=scope
            )
            for requests, seconds, scope in limits
        ]
    )


async def test_all_windows_of_a_scope_hold_together_and_the_tightest_is_told() -> None:
    now = 0.0
    limits = MemoryLimits(now=lambda: now)
    found = Allowances(limits, "/a", policy((1, 10, PRINCIPAL), (2, 3600, PRINCIPAL)), PRINCIPAL)
    first = await found.take("ada")
    assert first is not None
    assert headers_of(first) == {"ratelimit-limit": "1", "ratelimit-remaining": "0", "ratelimit-reset": "10"}
    refused = await found.take("ada")
    assert refused is not None
    assert headers_of(refused)["retry-after"] == "10"
    now = 11.0
    again = await found.take("ada")
    assert again is not None
    assert again.taken.admitted
    now = 22.0
    over = await found.take("ada")
    assert over is not None
    assert (over.taken.admitted, over.allowance.requests) == (False, 2)


async def test_another_scope_is_not_counted() -> None:
    found = Allowances(MemoryLimits(), "/a", policy((1, 10, ADDRESS)), PRINCIPAL)
    assert await found.take("ada") is None


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("no address: at all", "no address: at all"),
    ],
)
def test_an_ipv6_address_is_counted_with_its_network(address: str, counted: str) -> None:
    assert network_of(address) == counted


def test_a_mark_is_good_for_what_it_was_made_for_and_a_minute() -> None:
    now = 1000.0
    counted = Counted(KEY, lambda: now)
    mark = counted.mark(LOGIN, "ada", "192.0.2.7")
    assert counted.is_good(mark, LOGIN, "ada", "192.0.2.7")
    for path, principal, address in (
        ("/other", "ada", "192.0.2.7"),
        (LOGIN, "eve", "192.0.2.7"),
        (LOGIN, "", "192.0.2.7"),
        (LOGIN, "ada", "192.0.2.8"),
        (LOGIN, "ad", "a192.0.2.7"),
    ):
        assert not counted.is_good(mark, path, principal, address)
    assert not Counted(b"x" * 32, lambda: now).is_good(mark, LOGIN, "ada", "192.0.2.7")
    now = 1061.0
    assert not counted.is_good(mark, LOGIN, "ada", "192.0.2.7")


@pytest.mark.parametrize("forged", ["", "counted-v1", "counted-v1 1000 ", "v1 1000 x", "counted-v1 ٣ x"])
def test_what_is_no_mark_is_not_believed(forged: str) -> None:
    assert not Counted(KEY, lambda: 1000.0).is_good(forged, LOGIN, "", "192.0.2.7")


def test_a_signature_of_a_workload_is_no_mark() -> None:
    signature = Signer(KEY, lambda: 1000.0).sign(LOGIN, {})
    assert not Counted(KEY, lambda: 1000.0).is_good(signature, LOGIN, "", "")


async def test_the_limiter_marks_what_it_admits_and_refuses_the_rest_by_the_contract() -> None:
    counted = Counted(KEY)
    limiter = Limiter(MemoryLimits(), counted, all_methods())
    asked = Asked(LOGIN, "192.0.2.7", "")
    decisions = [await limiter.decide(asked) for _ in range(6)]
    assert [each.refusal is None for each in decisions] == [True] * 5 + [False]
    mark = decisions[0].headers_inward[COUNTED_KEY]
    assert counted.is_good(mark, LOGIN, "", "192.0.2.7")
    assert not decisions[5].headers_inward
    assert (await limiter.decide(Asked(LOGIN, "192.0.2.8", ""))).refusal is None


async def test_what_the_limiter_refuses_is_counted_since_no_service_sees_it() -> None:
    metrics = Metrics()
    limiter = Limiter(MemoryLimits(), Counted(KEY), all_methods(), metrics.call_refused)
    for _ in range(7):
        await limiter.decide(Asked(LOGIN, "192.0.2.7", ""))
    labels = {"method": LOGIN, "reason": "RATE_LIMITED"}
    assert metrics.registry.get_sample_value("mootion_failed_calls_total", labels) == 2


async def test_the_limiter_leaves_what_it_does_not_know_to_the_service() -> None:
    limiter = Limiter(MemoryLimits(), Counted(KEY), all_methods())
    decision = await limiter.decide(Asked("/nothing/Like", "192.0.2.7", ""))
    assert decision.refusal is None
    assert not decision.headers_inward
