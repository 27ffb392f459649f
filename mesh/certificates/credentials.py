"""What a process shows and whom it believes, as gRPC and HTTP take it. The files are read again when they change, so
that a renewed pair needs no restart."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import grpc
import structlog

from mesh.certificates import names, pem_files
from mesh.certificates.folder import AUTHORITY
from mesh.config import ConfigurationError

# Clients look for renewed files so often at the most; servers do at each new connection.
LOOK_EVERY_SECONDS = 10.0

_Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Shown:
    """The files of a process, all in PEM, the domain of its own certificate, and when it and the authority's end."""

    key: bytes
    chain: bytes
    authority: bytes
    trust_domain: str
    ends: datetime
    authority_ends: datetime


class Credentials:
    """The pair of a workload in a folder, and the authority beside it. Nothing is read before it is asked for.

    Attributes:
        certificate, key: the files of the pair.

    Args:
        workload: whose pair it is.
        monotonic: seconds of a clock that never goes back.
    """

    def __init__(self, folder: Path, workload: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._authority = pem_files.certificate_file(folder, AUTHORITY)
        self.certificate = pem_files.certificate_file(folder, workload)
        self.key = pem_files.key_file(folder, workload)
        self._monotonic = monotonic
        self._shown: Shown | None = None
        self._stamp: _Stamp = ()
        self._looked_at = float("-inf")
        self._channel: tuple[Shown, grpc.ChannelCredentials] | None = None

    def shown(self) -> Shown:
        """What is shown now. Files that changed and are no good, as in the middle of a renewal, change nothing; before
        the first reading a renewal is waited for.

        Raises:
            ConfigurationError: the first reading failed: a file is missing, broken or has ended.
        """
        if self._shown is None:
            self._shown = self._read_first()
        elif (stamp := self._stamp_now()) != self._stamp:
            self._stamp = stamp
            self._read_again(self._shown)
        return self._shown

    def end(self) -> float:
        """When what is shown now ends, in seconds since 1970; 0 where there is nothing good to show."""
        return self._seconds(lambda shown: shown.ends)

    def authority_end(self) -> float:
        """When the authority that is believed now ends, as `end` says it."""
        return self._seconds(lambda shown: shown.authority_ends)

    def server(self) -> grpc.ServerCredentials:
        """For a port that asks every client for a certificate of the authority.

        Raises:
            ConfigurationError: see `shown`.
        """
        given = self.shown()

        def renewed() -> grpc.ServerCertificateConfiguration | None:
            nonlocal given
            now = self.shown()
            if now is given:
                return None
            given = now
            return _configuration(now)

        # None means that nothing has changed, which its type does not say.
        fetch = cast(Callable[[], grpc.ServerCertificateConfiguration], renewed)
        return grpc.dynamic_ssl_server_credentials(
            _configuration(given), fetch, require_client_authentication=True
        )

    def channel(self) -> grpc.ChannelCredentials:
        """For channels; the same object until the files have changed. It is cheap to ask for it at every call.

        Raises:
            ConfigurationError: see `shown`.
        """
        now = self._monotonic()
        if self._channel is None or now - self._looked_at > LOOK_EVERY_SECONDS:
            self._looked_at = now
            shown = self.shown()
            if self._channel is None or self._channel[0] is not shown:
                made = grpc.ssl_channel_credentials(shown.authority, shown.key, shown.chain)
                self._channel = (shown, made)
        return self._channel[1]

    def name_of(self, service: str) -> str:
        """A service is known by its own name, wherever it runs."""
        return service

    def http(self) -> ssl.SSLContext:
        """For an HTTP port that asks every client for a certificate of the authority, and speaks TLS 1.3 only.

        Raises:
            ConfigurationError: see `shown`.
        """
        given = self.shown()
        current = first = self._context()

        def renew(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            nonlocal given, current
            now = self.shown()
            if now is not given:
                given, current = now, self._context()
            connection.context = current

        first.sni_callback = renew
        return first

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self._authority)
        context.load_cert_chain(self.certificate, self.key)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _seconds(self, moment: Callable[[Shown], datetime]) -> float:
        try:
            return moment(self.shown()).timestamp()
        except (ConfigurationError, OSError):
            return 0.0

    def _stamp_now(self) -> _Stamp:
        try:
            found = [path.stat() for path in (self._authority, self.certificate, self.key)]
        except OSError:
            return ()
        return tuple((status.st_mtime_ns, status.st_ino) for status in found)

    def _read_first(self) -> Shown:
        if not self._folder.is_dir():
            raise ConfigurationError(["MOOTION_TLS_DIR: there is no such folder; `mootion certs` makes it"])
        with pem_files.unchanged(self._folder):
            self._stamp = self._stamp_now()
            return self._read()

    def _read(self) -> Shown:
        authority = pem_files.read_certificate(self._authority)
        certificate = pem_files.read(self.certificate, self.key).certificate
        ends = certificate.not_valid_after_utc
        if ends <= datetime.now(UTC):
            raise ConfigurationError(
                [f"{self.certificate.name} ended on {ends:%Y-%m-%d}; run `mootion certs` again"]
            )
        domain = names.trust_domain_of(names.uris_of(certificate))
        if not domain:
            raise ConfigurationError(
                [f"{self.certificate.name} names no workload (URI:spiffe://<domain>/<workload>)"]
            )
        return Shown(
            self.key.read_bytes(),
            self.certificate.read_bytes(),
            self._authority.read_bytes(),
            domain,
            ends,
            authority.not_valid_after_utc,
        )

    def _read_again(self, before: Shown) -> None:
        log = structlog.get_logger()
        try:
            found = self._read()
        except (ConfigurationError, OSError, ValueError) as error:
            log.warning("changed certificates are no good", certificate=self.certificate.name, why=str(error))
        else:
            if self._stamp_now() != self._stamp:
                # Changed while it was read: of key and certificate one may be of the old pair. It is read again.
                return
            self._shown = found
            if found != before:
                log.info("certificates read again", certificate=self.certificate.name)


def _configuration(shown: Shown) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(shown.key, shown.chain)], shown.authority)
