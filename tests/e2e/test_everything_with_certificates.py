"""The product with TLS at the edge and mutual TLS behind it: in one process, and in a process for each service."""

import re
import socket
import ssl
import time
from collections.abc import Iterator

import httpx2
import pytest
from cryptography import x509
from mootion.document.v1 import document_service_pb2
from mootion.document.v1.document_service_pb2_grpc import DocumentServiceStub

from cli import background
from gateway.front import FrontDoor
from mesh.certificates import pem_files
from mesh.certificates.folder import EDGE_SERVER
from mesh.client import Channels
from mesh.config import Settings
from mesh.logs import configure
from mesh.telemetry import Telemetry
from tests.e2e import certificates, full_system
from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, ok, until, upload_and_wait

RENEWED_SECONDS = 60.0


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalSystem]:
    """`mootion up` with certificates."""
    folder = tmp_path_factory.mktemp("secured")
    system = local.start(folder, tls_dir=certificates.make(folder / "tls"), render_workers=0)
    yield system
    assert system.stop() == 0, system.log()[-4000:]


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[full_system.FullSystem]:
    """A process for each service, each with a pair of its own."""
    folder = tmp_path_factory.mktemp("apart")
    tls = certificates.make(folder / "tls")
    prepared = full_system.prepared(folder, workers=("documents",), tls_dir=tls)
    with full_system.running(prepared) as system:
        yield system


def works(client: httpx2.Client) -> None:
    """A document gets in, is read by a worker, and is found: that takes calls between most of the services."""
    document = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)
    assert document["state"] == "READY", document

    def is_found() -> bool:
        return bool(ok(client.get("/v1/search", params={"query": "wavelength"}))["hits"])

    until(is_found, 120)


def test_one_process_with_certificates_does_the_job_by_https(embedded: local.LocalSystem) -> None:
    with embedded.client() as client:
        assert client.base_url.scheme == "https"
        works(client)
        missing = client.get("/v1/videos/01970000-0000-7000-8000-000000000001/content")
        assert missing.status_code == 404, missing.text


def test_the_edge_speaks_neither_plain_http_nor_older_tls(embedded: local.LocalSystem) -> None:
    with pytest.raises(httpx2.TransportError):
        httpx2.get(embedded.url.replace("https", "http"), timeout=60)
    context = certificates.trust(embedded.environment)
    assert isinstance(context, ssl.SSLContext)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        pytest.raises(ssl.SSLError),
        socket.create_connection(("127.0.0.1", embedded.edge_port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="localhost"),
    ):
        pass


def test_the_metrics_tell_when_what_is_shown_ends(embedded: local.LocalSystem) -> None:
    edge, metrics = (
        httpx2.get(f"http://127.0.0.1:{embedded.environment[port]}{path}", timeout=60).text
        for port, path in (
            ("MOOTION_EDGE_ADMIN_PORT", "/stats/prometheus"),
            ("MOOTION_METRICS_PORT", "/metrics"),
        )
    )
    told = re.search(r"^envoy_server_days_until_first_cert_expiring\{\} (\d+)$", edge, re.MULTILINE)
    assert told is not None
    assert int(told[1]) in (89, 90)
    ends = dict(
        re.findall(
            r'^mootion_certificate_end_timestamp_seconds\{certificate="(\w+)"\} (\S+)$', metrics, re.MULTILINE
        )
    )
    assert set(ends) == {"mootion", "authority"}
    assert 0 <= float(ends["mootion"]) - time.time() - 89 * 86_400 <= 86_400


def test_a_token_is_checked_by_keys_that_came_through_the_listener_with_tls(
    embedded: local.LocalSystem,
) -> None:
    account = {"username": "grace", "password": "correct horse battery"}
    with embedded.client() as client:
        tokens = ok(client.post("/v1/auth:register", json=account))["tokens"]
        signed_in = {"authorization": f"Bearer {tokens['accessToken']}"}
        assert client.get("/v1/documents", headers=signed_in).status_code == 200


async def test_the_commands_of_the_machine_believe_the_listener_they_started(
    embedded: local.LocalSystem,
) -> None:
    settings = Settings.from_environment(embedded.environment)
    assert background.healthy(settings)
    telemetry, address = Telemetry(configure("info", "test")), f"127.0.0.1:{settings.edge_port}"
    channels = Channels(lambda service: address, "", telemetry, certificates=FrontDoor.of(settings))
    stub = channels.stub(DocumentServiceStub, "document")
    assert await stub.ListDocuments(document_service_pb2.ListDocumentsRequest()) is not None
    await channels.close()


def test_a_renewed_certificate_of_the_listener_is_shown_without_a_restart(
    embedded: local.LocalSystem,
) -> None:
    folder = certificates.folder_of(embedded.environment)
    assert folder is not None
    before = _shown(embedded)
    for file in (pem_files.certificate_file(folder, EDGE_SERVER), pem_files.certificate_file(folder, "edge")):
        file.unlink()
    certificates.make(folder)
    renewed = pem_files.read_certificate(pem_files.certificate_file(folder, EDGE_SERVER)).serial_number
    assert renewed != before
    until(lambda: _shown(embedded) == renewed, RENEWED_SECONDS)
    with embedded.client() as client:
        assert client.get("/healthz").status_code == 200


def test_a_process_for_each_service_with_certificates_does_the_job(apart: full_system.FullSystem) -> None:
    with apart.client() as client:
        works(client)


def test_replicas_with_certificates_are_replaced_one_by_one(apart: full_system.FullSystem) -> None:
    apart.restart_one_by_one("document")
    with apart.client() as client:
        until(lambda: client.get("/v1/documents").status_code == 200, 60)


def _shown(system: local.LocalSystem) -> int:
    """The serial number of what the listener shows."""
    context = certificates.trust(system.environment)
    assert isinstance(context, ssl.SSLContext)
    with (
        socket.create_connection(("127.0.0.1", system.edge_port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        certificate = connection.getpeercert(binary_form=True)
        assert certificate is not None
        return x509.load_der_x509_certificate(certificate).serial_number
