"""Sees to it that gRPC speaks TLS 1.3 alone, which it has no setting for.

TLS 1.3 has its own ciphers. Of the older ones gRPC offers those of GRPC_SSL_CIPHER_SUITES, which it reads once, when it
is first imported. With none there that goes with an ECDSA key, a handshake of TLS 1.2 finds no cipher and ends.
"""

import socket
import ssl
from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "GRPC_SSL_CIPHER_SUITES"
RSA_ONLY = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"
_PROBE_SECONDS = 2.0


def prepare(environment: MutableMapping[str, str]) -> None:
    """Sets the variable where the mesh has certificates. For a process that has not imported grpc yet."""
    if environment.get("MOOTION_TLS_DIR"):
        environment.setdefault(VARIABLE, RSA_ONLY)


def is_taken_below(host: str, port: int, certificate: Path, key: Path) -> bool:
    """Whether a gRPC server would speak TLS 1.2 to a client that offers nothing newer and shows this pair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with (
            socket.create_connection((host, port), timeout=_PROBE_SECONDS) as connection,
            context.wrap_socket(connection),
        ):
            return True
    except (ssl.SSLError, ConnectionError):
        return False
