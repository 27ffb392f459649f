"""Principal, role and workload: who is let in, who is not, and what the handler learns."""

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh.errors import CallError
from mesh.testing import running
from tests.contract.runtime.conftest import Served
from tests.contract.runtime.toy import Toy, parts

HELLO = toy.EchoRequest(text="hello")


async def refused(call: object) -> CallError:
    with pytest.raises(CallError) as raised:
        await call  # type: ignore[misc]
    return raised.value


async def test_the_handler_sees_the_principal_of_the_call(served: Served) -> None:
    assert (await served.stub(principal="ada").Echo(HELLO)).principal == "ada"


async def test_a_call_that_names_nobody_is_made_for_the_local_principal(served: Served) -> None:
    assert (await served.stub(principal=None, caller="").Echo(HELLO)).principal == "local"


async def test_a_workload_inside_the_mesh_gets_no_local_principal(served: Served) -> None:
    error = await refused(served.stub(principal=None, caller="toy").Echo(HELLO))
    assert (error.code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason_pb2.REASON_NO_PRINCIPAL)


async def test_a_role_below_the_least_is_refused(served: Served) -> None:
    error = await refused(
        served.stub(role=policy_pb2.ACCESS_ROLE_TEACHER).Administer(toy.AdministerRequest())
    )
    assert (error.code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, reason_pb2.REASON_ROLE_TOO_LOW)
    await served.stub(role=policy_pb2.ACCESS_ROLE_ADMIN).Administer(toy.AdministerRequest())


async def test_a_role_that_is_not_known_counts_as_the_public(served: Served) -> None:
    for said in ({"mootion-role": "EMPEROR"}, {"mootion-role": "SERVICE"}, {}):
        assert (await send_signed(served, said)).code() is grpc.StatusCode.PERMISSION_DENIED


async def send_signed(served: Served, said: dict[str, str]) -> grpc.aio.AioRpcError:
    """What a workload that signs whatever it says is told."""
    metadata = {"mootion-caller": "edge", "mootion-principal": "ada", **said}
    signature = served.running.runtime.signer.sign("/mootion.toy.v1.ToyService/Echo", metadata)
    bare = rpc.ToyServiceStub(served.running.runtime.channels.channel("toy"))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await bare.Echo(HELLO, metadata=(*metadata.items(), ("mootion-signature", signature)))
    return raised.value


@pytest.mark.parametrize(
    "claimed",
    [
        {"mootion-principal": "ada", "mootion-role": "ADMIN"},
        {"mootion-caller": "edge"},
        {"mootion-caller": "toy-worker", "mootion-signature": "v1 1800000000 " + "A" * 43},
        {"mootion-role": "ADMIN", "mootion-signature": ""},
    ],
)
async def test_identity_without_a_good_signature_is_refused(served: Served, claimed: dict[str, str]) -> None:
    bare = rpc.ToyServiceStub(served.running.runtime.channels.channel("toy"))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await bare.Echo(HELLO, metadata=tuple(claimed.items()))
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_wrong_token_is_refused_where_nobody_would_be_let_in(served: Served) -> None:
    bare = rpc.ToyServiceStub(served.running.runtime.channels.channel("toy"))
    assert (await bare.Echo(HELLO)).principal == "local"
    for token in ("Bearer a.b.c", "Basic YTpi", "Bearer"):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await bare.Echo(HELLO, metadata=(("authorization", token),))
        assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_an_identity_that_is_given_twice_is_refused(served: Served) -> None:
    error = await send(served, ("mootion-role", "STUDENT"), ("mootion-principal", "eve"))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def send(served: Served, *metadata: tuple[str, str]) -> grpc.aio.AioRpcError:
    bare = rpc.ToyServiceStub(served.running.runtime.channels.channel("toy"))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await bare.Echo(HELLO, metadata=(("mootion-principal", "ada"), *metadata))
    return raised.value


async def test_a_method_for_workloads_refuses_the_edge_and_every_person(served: Served) -> None:
    request = toy.ReportRequest()
    await served.stub(principal=None, caller="toy-worker").Report(request)
    assert (await refused(served.stub().Report(request))).reason == reason_pb2.REASON_CALLER_NOT_ALLOWED
    bare = rpc.ToyServiceStub(served.running.runtime.channels.channel("toy"))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        said = {"mootion-caller": "toy-worker", "mootion-principal": "ada"}
        signature = served.running.runtime.signer.sign("/mootion.toy.v1.ToyService/Report", said)
        await bare.Report(request, metadata=(*said.items(), ("mootion-signature", signature)))
    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_client_sends_no_person_to_a_method_for_workloads(served: Served) -> None:
    await served.stub(principal="ada", caller="toy-worker").Report(toy.ReportRequest())


async def test_without_the_local_principal_a_call_must_be_for_somebody() -> None:
    async with running(lambda runtime: parts(Toy(runtime)), local_principal=False) as found:
        nobody = found.stub(rpc.ToyServiceStub, "toy", principal=None, caller="")
        assert (await refused(nobody.Echo(HELLO))).reason == reason_pb2.REASON_NO_PRINCIPAL
        edge = found.stub(rpc.ToyServiceStub, "toy", principal=None)
        assert (await refused(edge.Echo(HELLO))).reason == reason_pb2.REASON_NO_PRINCIPAL
        await edge.GetShared(toy.GetSharedRequest())
        ada = found.stub(rpc.ToyServiceStub, "toy", principal="ada")
        assert (await ada.Echo(HELLO)).principal == "ada"


async def test_a_request_id_that_is_fit_for_the_logs_is_kept_and_another_replaced(served: Served) -> None:
    bare = rpc.ToyServiceStub(served.running.runtime.channels.channel("toy"))
    kept = await bare.Echo(HELLO, metadata=(("mootion-request-id", "abc-1"),))
    assert kept.request_id == "abc-1"
    replaced = await bare.Echo(HELLO, metadata=(("mootion-request-id", "a" * 65),))
    assert replaced.request_id not in ("", "a" * 65)
