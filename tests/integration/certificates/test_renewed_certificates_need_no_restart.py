"""A renewed pair is shown at the next connection, by servers and by clients, while calls go on."""

import socket
import ssl
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from mootion.policy.v1 import policy_pb2
from mootion.toy.v1 import toy_service_pb2 as toy
from mootion.toy.v1 import toy_service_pb2_grpc as rpc

from mesh.certificates import credentials, pem_files
from mesh.certificates.credentials import Credentials
from mesh.client import Channels
from mesh.config import Settings
from mesh.context import Principal
from mesh.logs import configure
from mesh.outgoing import Identity
from mesh.signature import Signer
from mesh.telemetry import Telemetry
from tests.integration.certificates.conftest import KEY, Secured, make_folder, tls_context

ADA = Identity(Principal("ada", policy_pb2.ACCESS_ROLE_STUDENT), "edge")


def shown(port: int, context: ssl.SSLContext) -> int:
    """The serial number of the certificate that a port shows."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="toy") as connection,
    ):
        certificate = connection.getpeercert(binary_form=True)
        assert certificate is not None
        return x509.load_der_x509_certificate(certificate).serial_number


def renew(folder: Path) -> None:
    """Makes every pair anew, as if it had come to its end."""
    for certificate in folder.glob("*.pem"):
        if certificate.stem != "authority":
            certificate.unlink()
    make_folder(folder, life=timedelta(days=30))


async def test_servers_and_clients_go_on_with_the_new_pair(secured: Secured) -> None:
    moment = [0.0]
    own = Credentials(secured.folder, "edge", lambda: moment[0])
    address = Settings.from_environment(secured.environment).address
    channels = Channels(address, "edge", Telemetry(configure("info", "test")), Signer(KEY), own)
    stub = channels.stub(rpc.ToyServiceStub, "toy", identity=ADA)
    await stub.Echo(toy.EchoRequest(text="before"))
    before, context = channels.channel("toy"), tls_context(secured.folder, "edge")
    ports = (secured.port, secured.media_port)
    serials = [shown(port, context) for port in ports]

    renew(secured.folder)
    newest = pem_files.read_certificate(pem_files.certificate_file(secured.folder, "toy")).serial_number

    assert newest not in serials
    assert [shown(port, context) for port in ports] == [newest, newest]
    moment[0] += credentials.LOOK_EVERY_SECONDS + 1
    assert (await stub.Echo(toy.EchoRequest(text="after"))).text == "after"
    assert channels.channel("toy") is not before
    await channels.close()


async def test_broken_files_change_nothing(secured: Secured) -> None:
    certificate = pem_files.certificate_file(secured.folder, "toy")
    whole, context = certificate.read_bytes(), tls_context(secured.folder, "edge")
    serials = [shown(port, context) for port in (secured.port, secured.media_port)]
    certificate.write_bytes(b"half of a file")
    try:
        assert [shown(port, context) for port in (secured.port, secured.media_port)] == serials
    finally:
        certificate.write_bytes(whole)
