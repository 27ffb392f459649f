"""Certificates of systems under test: made by the command, and used by whoever looks at a system from outside."""

import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import grpc
import httpx2

from mesh.certificates import pem_files
from mesh.certificates.credentials import Credentials
from mesh.certificates.folder import AUTHORITY

HOSTS = ("localhost", "127.0.0.1")
Environment = Mapping[str, str]


def make(folder: Path) -> Path:
    """A folder of certificates for a whole system, its edge among them."""
    hosts = [part for host in HOSTS for part in ("--host", host)]
    subprocess.run(
        [sys.executable, "-m", "cli", "certs", str(folder), *hosts], check=True, stdout=subprocess.DEVNULL
    )
    return folder


def folder_of(environment: Environment) -> Path | None:
    """The folder that a system is told of."""
    given = environment.get("MOOTION_TLS_DIR")
    return Path(given) if given else None


def edge_url(environment: Environment) -> str:
    """Where the edge of a system answers."""
    scheme = "http" if folder_of(environment) is None else "https"
    return f"{scheme}://127.0.0.1:{environment['MOOTION_EDGE_PORT']}"


def trust(environment: Environment) -> ssl.SSLContext | bool:
    """What an HTTP client believes: the authority of the system, where it has one."""
    folder = folder_of(environment)
    if folder is None:
        return True
    return ssl.create_default_context(cafile=str(pem_files.certificate_file(folder, AUTHORITY)))


def edge_client(environment: Environment, timeout: float) -> httpx2.Client:
    """An HTTP client of the edge."""
    return httpx2.Client(base_url=edge_url(environment), timeout=timeout, verify=trust(environment))


def service_channel(environment: Environment, service: str) -> grpc.Channel:
    """A channel to the gRPC port of a process, past the edge; shown is the pair of the operator."""
    address, folder = f"127.0.0.1:{environment['MOOTION_GRPC_PORT']}", folder_of(environment)
    if folder is None:
        return grpc.insecure_channel(address)
    named = (("grpc.ssl_target_name_override", service),)
    return grpc.secure_channel(address, Credentials(folder, "cli").channel(), options=named)
