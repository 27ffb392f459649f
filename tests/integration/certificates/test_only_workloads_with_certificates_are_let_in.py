"""Who reaches a service that has certificates, and as whom: real processes, real handshakes."""

import socket
import ssl
import subprocess
from pathlib import Path

import grpc
import pytest
from mootion.errors.v1 import reason_pb2
from mootion.policy.v1 import policy_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh.certificates import pem_files
from mesh.certificates.folder import AUTHORITY
from mesh.context import Principal
from mesh.errors import CallError
from mesh.outgoing import Identity
from mesh.signature import SIGNATURE_KEY, Signer
from tests.integration.certificates.conftest import KEY, Secured, make_folder, start, tls_context

HELLO = toy.EchoRequest(text="hello")
ADA = Principal("ada", policy_pb2.ACCESS_ROLE_STUDENT)


def shake_hands(secured: Secured, context: ssl.SSLContext) -> str | None:
    """The version that a client and the gRPC port agree on, once the server has said something."""
    with (
        socket.create_connection(("127.0.0.1", secured.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="toy") as connection,
    ):
        # In TLS 1.3 a server refuses a client's certificate after the handshake.
        if not connection.recv(1):
            raise ConnectionResetError
        return connection.version()


async def echo_code(channel: grpc.aio.Channel) -> grpc.StatusCode:
    """How a call ends on a channel."""
    async with channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await rpc.ToyServiceStub(channel).Echo(HELLO, timeout=60)
        return raised.value.code()


async def test_a_plain_client_is_refused(secured: Secured) -> None:
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{secured.port}")
    assert await echo_code(channel) is grpc.StatusCode.UNAVAILABLE


async def test_a_client_without_a_certificate_is_refused(secured: Secured) -> None:
    authority = pem_files.certificate_file(secured.folder, AUTHORITY).read_bytes()
    channel = grpc.aio.secure_channel(
        f"127.0.0.1:{secured.port}",
        grpc.ssl_channel_credentials(authority),
        options=(("grpc.ssl_target_name_override", "toy"),),
    )
    assert await echo_code(channel) is grpc.StatusCode.UNAVAILABLE
    with pytest.raises(OSError):
        shake_hands(secured, tls_context(secured.folder, None))


async def test_a_certificate_of_another_authority_of_the_same_name_is_refused(
    secured: Secured, tmp_path: Path
) -> None:
    foreign = make_folder(tmp_path / "foreign")
    context = tls_context(secured.folder, None)
    context.load_cert_chain(pem_files.certificate_file(foreign, "edge"), pem_files.key_file(foreign, "edge"))
    with pytest.raises(OSError):
        shake_hands(secured, context)


async def test_clients_believe_no_service_of_another_authority(secured: Secured, tmp_path: Path) -> None:
    channels = secured.channels("quiz", folder=make_folder(tmp_path / "foreign"))
    assert await echo_code(channels.channel("toy")) is grpc.StatusCode.UNAVAILABLE
    await channels.close()


async def test_clients_believe_no_service_by_another_name(secured: Secured) -> None:
    async with secured.calling("toy") as channels:
        assert await echo_code(channels.channel("quiz")) is grpc.StatusCode.UNAVAILABLE


def test_tls_before_1_3_is_not_spoken(secured: Secured) -> None:
    context = tls_context(secured.folder, "edge")
    assert shake_hands(secured, context) == "TLSv1.3"
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(OSError):
        shake_hands(secured, context)


def test_a_process_that_would_speak_tls_1_2_does_not_start(secured: Secured, tmp_path: Path) -> None:
    started = start(secured.folder, tmp_path, ciphers=False)
    try:
        _, said = started.process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        started.process.kill()
        raise
    assert started.process.returncode == 1
    assert b"GRPC_SSL_CIPHER_SUITES" in said


async def test_a_workload_that_signs_as_itself_is_let_in(secured: Secured) -> None:
    async with secured.calling("edge") as channels:
        stub = channels.stub(rpc.ToyServiceStub, "toy", identity=Identity(ADA, "edge"))
        assert (await stub.Echo(HELLO)).principal == "ada"


async def test_a_workload_that_signs_as_another_is_refused(secured: Secured) -> None:
    async with secured.calling("quiz") as channels:
        stub = channels.stub(rpc.ToyServiceStub, "toy", identity=Identity(ADA, "edge"))
        with pytest.raises(CallError) as raised:
            await stub.Echo(HELLO)
    assert raised.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert raised.value.reason == reason_pb2.REASON_CALLER_NOT_ALLOWED
    assert "certificate" in raised.value.message


async def test_what_nobody_signed_comes_from_the_edge_or_is_refused(secured: Secured) -> None:
    async with secured.calling("edge") as channels:
        assert (await rpc.ToyServiceStub(channels.channel("toy")).Echo(HELLO)).principal == "local"
    for workload in ("quiz", "cli", "toy"):
        async with secured.calling(workload) as channels:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await rpc.ToyServiceStub(channels.channel("toy")).Echo(
                    HELLO, metadata=(("authorization", "Bearer of-somebody"),)
                )
        assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED
        assert "the edge's" in (raised.value.details() or "")


async def test_services_call_each_other_for_the_person_who_called(secured: Secured) -> None:
    async with secured.calling("edge") as channels:
        stub = channels.stub(rpc.ToyServiceStub, "toy", identity=Identity(ADA, "edge"))
        reply = await stub.Relay(toy.RelayRequest(hops=2, text="hello"))
    assert (reply.echo.principal, len(reply.remaining_seconds)) == ("ada", 2)


@pytest.mark.parametrize(("shows", "status"), [("edge", 200), ("quiz", 403)])
def test_the_media_port_lets_only_the_edge_sign_for_itself(secured: Secured, shows: str, status: int) -> None:
    said = {"mootion-caller": "edge", "mootion-principal": "ada", "mootion-role": "STUDENT"}
    signed = said | {SIGNATURE_KEY: Signer(KEY).sign("/clip", said)}
    connection = secured.media(tls_context(secured.folder, shows, "http/1.1"))
    connection.request("GET", "/clip", headers=signed)
    reply = connection.getresponse()
    assert reply.status == status, reply.read()
    connection.close()


@pytest.mark.parametrize(("shows", "status"), [("edge", 200), ("quiz", 403), ("toy", 403)])
def test_the_media_port_takes_what_nobody_signed_from_the_edge_alone(
    secured: Secured, shows: str, status: int
) -> None:
    connection = secured.media(tls_context(secured.folder, shows, "http/1.1"))
    connection.request("GET", "/clip")
    reply = connection.getresponse()
    assert reply.status == status, reply.read()
    connection.close()


def test_the_media_port_asks_for_a_certificate_and_for_tls_1_3(secured: Secured) -> None:
    nothing, old = tls_context(secured.folder, None, "http/1.1"), tls_context(secured.folder, "edge")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    for context in (nothing, old):
        connection = secured.media(context)
        with pytest.raises(OSError):
            connection.request("GET", "/healthz")
            connection.getresponse()
        connection.close()
