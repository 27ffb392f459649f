"""Opens the ports of a process, and says which setting is wrong where one cannot be opened."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import grpc

from mesh.certificates import tls13
from mesh.certificates.credentials import Credentials
from mesh.config import ConfigurationError, Settings

T = TypeVar("T")


def check_exposure(settings: Settings) -> None:
    """Raises ConfigurationError where another machine could act as the local principal."""
    if settings.local_principal and not settings.is_loopback:
        raise ConfigurationError(
            [
                f"MOOTION_BIND_HOST={settings.bind_host}: whoever reaches this address would act as the local"
                " principal; bind to 127.0.0.1, or set MOOTION_LOCAL_PRINCIPAL=off to refuse calls that name nobody"
            ]
        )


def listen(server: grpc.aio.Server, settings: Settings, credentials: Credentials | None) -> None:
    """Gives a gRPC server its port, with TLS where there are certificates.

    Raises:
        ConfigurationError: the port is taken, or the certificates are no good.
    """
    address = f"{settings.bind_host}:{settings.grpc_port}"
    shown = credentials.server() if credentials is not None else None

    def bind() -> None:
        try:
            if shown is None:
                server.add_insecure_port(address)
            else:
                server.add_secure_port(address, shown)
        except RuntimeError as error:
            raise OSError from error

    bound("MOOTION_GRPC_PORT", bind)


def bound(variable: str, bind: Callable[[], T]) -> T:
    """What `bind` gives.

    Raises:
        ConfigurationError: the port that a variable sets is taken or not allowed.
    """
    try:
        return bind()
    except OSError as error:
        raise ConfigurationError(
            [f"the port of {variable} is taken or not allowed; set another one"]
        ) from error


async def require_tls13(settings: Settings, credentials: Credentials) -> None:
    """Raises ConfigurationError where the gRPC port of this process, which listens, would speak TLS 1.2."""
    host, port = settings.bind_host, settings.grpc_port
    if await asyncio.to_thread(tls13.is_taken_below, host, port, credentials.certificate, credentials.key):
        raise ConfigurationError(
            [
                "MOOTION_TLS_DIR: the port would speak TLS 1.2 too; start the process by the command `mootion`, or with"
                f" {tls13.VARIABLE}={tls13.RSA_ONLY}"
            ]
        )
