"""How programs on this machine reach its own edge."""

import ssl

import grpc

from gateway.certificates import listener_pair, own_name
from mesh.config import Settings


def url(settings: Settings) -> str:
    """Where to call it."""
    host = "localhost" if settings.is_loopback else settings.bind_host
    scheme = "http" if listener_pair(settings) is None else "https"
    return f"{scheme}://{host}:{settings.edge_port}"


def context(settings: Settings) -> ssl.SSLContext | None:
    """For HTTP: believes what the listener shows and nothing else; None where that speaks in plain."""
    own = listener_pair(settings)
    if own is None:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    # The certificate is known as a file: it need not be for `localhost`, nor its authority be known here.
    made.check_hostname = False
    made.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    made.load_verify_locations(own.certificate)
    return made


class FrontDoor:
    """For gRPC: believes what the listener shows and nothing else, and shows nothing."""

    def __init__(self, chain: bytes, name: str) -> None:
        self._credentials = grpc.ssl_channel_credentials(chain)
        self._name = name

    @classmethod
    def of(cls, settings: Settings) -> "FrontDoor | None":
        """None where the listener speaks in plain.

        Raises:
            ConfigurationError: its certificate cannot be read.
        """
        own = listener_pair(settings)
        return None if own is None else cls(own.certificate.read_bytes(), own_name(own))

    def channel(self) -> grpc.ChannelCredentials:
        """See `mesh.certificates.secure_channels.Identification`."""
        return self._credentials

    def name_of(self, service: str) -> str:
        """Whichever service is called, the edge answers."""
        return self._name
