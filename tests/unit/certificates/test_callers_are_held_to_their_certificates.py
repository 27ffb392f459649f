"""With certificates, the workload that signed must be one that the connection's certificate names, and only the edge
brings what nobody signed."""

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mootion.errors.v1 import reason_pb2

from mesh.access_token import Claims
from mesh.callers import Callers, KeyHolder
from mesh.certificates import names
from mesh.errors import CallError
from mesh.signature import SIGNATURE_KEY, Signer

PATH = "/mootion.quiz.v1.QuizService/GetQuiz"
SIGNER = Signer(bytes(32))
WORKLOADS = st.sampled_from(["quiz", "video", "media", "edge", ""])


class NoAuthority:
    async def token(self, token: str) -> Claims:
        raise AssertionError("no token is looked at")

    async def api_key(self, key: str) -> KeyHolder:
        raise AssertionError("no key is looked at")


def signed(workload: str) -> dict[str, str]:
    said = {"mootion-caller": workload}
    return said | {SIGNATURE_KEY: SIGNER.sign(PATH, said)}


def callers(trust_domain: str) -> Callers:
    return Callers(SIGNER, NoAuthority(), False, trust_domain)


@given(caller=WORKLOADS, named=st.sets(WORKLOADS), domain=st.sampled_from(["mootion", "elsewhere"]))
def test_a_signature_counts_for_the_workloads_of_the_certificate_alone(
    caller: str, named: set[str], domain: str
) -> None:
    uris = [names.uri(domain, workload) for workload in named]
    if domain == "mootion" and caller in named:
        found = callers("mootion").from_inside(signed(caller), PATH, uris)
        assert found is not None
        assert found.workload == caller
        return
    with pytest.raises(CallError) as raised:
        callers("mootion").from_inside(signed(caller), PATH, uris)
    assert raised.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert raised.value.reason == reason_pb2.REASON_CALLER_NOT_ALLOWED


def test_a_connection_that_names_nobody_signs_for_nobody() -> None:
    with pytest.raises(CallError):
        callers("mootion").from_inside(signed("quiz"), PATH)


def test_without_certificates_the_signature_is_enough() -> None:
    found = callers("").from_inside(signed("quiz"), PATH)
    assert found is not None
    assert found.workload == "quiz"


def test_a_good_certificate_does_not_stand_in_for_a_signature() -> None:
    with pytest.raises(CallError) as raised:
        callers("mootion").from_inside({"mootion-caller": "quiz"}, PATH, ["spiffe://mootion/quiz"])
    assert raised.value.code is grpc.StatusCode.UNAUTHENTICATED


@given(named=st.sets(WORKLOADS), domain=st.sampled_from(["mootion", "elsewhere"]))
@pytest.mark.parametrize("shown", [{}, {"authorization": "Bearer x"}, {"x-api-key": "x"}])
def test_only_the_edge_brings_what_nobody_signed(shown: dict[str, str], named: set[str], domain: str) -> None:
    uris = [names.uri(domain, workload) for workload in named]
    if domain == "mootion" and "edge" in named:
        assert callers("mootion").from_inside(shown, PATH, uris) is None
        return
    with pytest.raises(CallError) as raised:
        callers("mootion").from_inside(shown, PATH, uris)
    assert raised.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert raised.value.reason == reason_pb2.REASON_CALLER_NOT_ALLOWED


def test_without_certificates_what_nobody_signed_comes_from_outside() -> None:
    assert callers("").from_inside({"authorization": "Bearer x"}, PATH) is None
