"""A toy service with certificates in a process of its own, and folders of certificates, ours and somebody else's."""

import base64
import os
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "gen"))

from mesh.certificates import names, pem_files, tls13
from mesh.certificates.credentials import Credentials
from mesh.certificates.folder import AUTHORITY, Folder
from mesh.client import Channels
from mesh.config import Settings
from mesh.logs import configure
from mesh.signature import Signer
from mesh.telemetry import Telemetry
from mesh.testing import free_port

KEY = bytes(range(32))
PAIRS = {name: [name] for name in ("toy", "quiz", "edge", "cli")}
START_SECONDS = 120.0


def make_folder(path: Path, *, life: timedelta = timedelta(days=90)) -> Path:
    """A folder of certificates with an authority of its own, or the same one again with new pairs."""
    Folder(path, names.TRUST_DOMAIN, life, datetime.now(UTC)).bring_up(PAIRS, [])
    return path


def tls_context(folder: Path, workload: str | None, protocol: str = "h2") -> ssl.SSLContext:
    """What a client believes and shows; `workload` None shows nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(pem_files.certificate_file(folder, AUTHORITY))
    context.set_alpn_protocols([protocol])
    if workload is not None:
        context.load_cert_chain(
            pem_files.certificate_file(folder, workload), pem_files.key_file(folder, workload)
        )
    return context


@dataclass
class Secured:
    """The running toy service."""

    folder: Path
    environment: dict[str, str]
    process: "subprocess.Popen[bytes]"

    @property
    def port(self) -> int:
        return int(self.environment["MOOTION_GRPC_PORT"])

    @property
    def media_port(self) -> int:
        return int(self.environment["MOOTION_MEDIA_PORT"])

    def channels(self, workload: str, *, folder: Path | None = None) -> Channels:
        """Clients of a process that shows the pair of a workload."""
        settings = Settings.from_environment(self.environment)
        telemetry = Telemetry(configure("info", "test"))
        credentials = Credentials(folder or self.folder, workload)
        return Channels(settings.address, workload, telemetry, Signer(KEY), credentials)

    @asynccontextmanager
    async def calling(self, workload: str) -> AsyncIterator[Channels]:
        """See `channels`; closed with the block."""
        channels = self.channels(workload)
        yield channels
        await channels.close()

    def media(self, context: ssl.SSLContext) -> HTTPSConnection:
        """A connection to the HTTP port."""
        context.check_hostname = False
        return HTTPSConnection("127.0.0.1", self.media_port, context=context, timeout=60)


def start(folder: Path, data: Path, *, ciphers: bool = True) -> Secured:
    """Starts the process; `ciphers` False leaves out what keeps gRPC from TLS 1.2."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOOTION_", "GRPC_"))}
    environment = kept | {
        "MOOTION_TLS_DIR": str(folder),
        "MOOTION_DATA_DIR": str(data),
        "MOOTION_MESH_KEY": base64.b64encode(KEY).decode(),
        "MOOTION_GRPC_PORT": str(free_port()),
        "MOOTION_MEDIA_PORT": str(free_port()),
        "MOOTION_METRICS_PORT": "0",
    }
    if ciphers:
        tls13.prepare(environment)
    command = [sys.executable, "-m", "tests.integration.certificates.toy_process"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    return Secured(folder, environment, process)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """The toy service, answering."""
    folder = make_folder(tmp_path_factory.mktemp("tls"))
    found = start(folder, tmp_path_factory.mktemp("data"))
    give_up = time.monotonic() + START_SECONDS
    while not _answers(found):
        assert found.process.poll() is None and time.monotonic() < give_up, "the toy service did not start"
        time.sleep(0.05)
    yield found
    found.process.kill()
    found.process.communicate()


def _answers(secured: Secured) -> bool:
    connection = secured.media(tls_context(secured.folder, "edge", "http/1.1"))
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
