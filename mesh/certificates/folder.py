"""The folder of certificates that `mootion certs` makes: an authority, and a pair for each name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

from cryptography import x509

from mesh.certificates import names, pem_files
from mesh.certificates.authority import Authority, Signed
from mesh.config import ConfigurationError

AUTHORITY = "authority"
EDGE_SERVER = "edge-server"
# With a third of its life left a certificate is made anew.
RENEWED_AT = 1 / 3


class Done(Enum):
    """What was done about a pair."""

    MADE = "made"
    RENEWED = "renewed"
    KEPT = "kept"


@dataclass(frozen=True)
class Outcome:
    """A pair and what was done about it."""

    name: str
    done: Done
    ends: datetime


@dataclass(frozen=True)
class Folder:
    """Makes what is missing and renews what ends; the authority stays.

    Args:
        trust_domain: of the mesh; None for that of the authority, and `mootion` for a new one.
        life: of new pairs.
    """

    path: Path
    trust_domain: str | None
    life: timedelta
    now: datetime

    def bring_up(self, workloads: Mapping[str, Sequence[str]], hosts: Sequence[str]) -> list[Outcome]:
        """Sees to the authority and to every pair. Of two that do so at once, the second waits and finds it done.

        Args:
            workloads: the names in a pair, by the name of the pair.
            hosts: names and addresses of the public listener; where none is given, it keeps those it has, if any.

        Raises:
            ConfigurationError: the authority has ended or is of another domain, or a file of it is broken.
            OSError: the folder cannot be written to.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with pem_files.changing(self.path):
            return self._brought_up(workloads, hosts)

    def _brought_up(self, workloads: Mapping[str, Sequence[str]], hosts: Sequence[str]) -> list[Outcome]:
        authority, outcome = self._authority()
        outcomes = [outcome]
        for name, named in workloads.items():
            outcomes.append(self._workload_pair(authority, name, named))
        hosts = hosts or self._known_hosts()
        if hosts:
            outcomes.append(self._listener_pair(authority, hosts))
        return outcomes

    def _authority(self) -> tuple[Authority, Outcome]:
        certificate = pem_files.certificate_file(self.path, AUTHORITY)
        key = pem_files.key_file(self.path, AUTHORITY)
        if not certificate.exists() and not key.exists():
            authority = Authority.make(self.trust_domain or names.TRUST_DOMAIN, self.now)
            pem_files.write(self.path, AUTHORITY, authority.own)
            return authority, Outcome(AUTHORITY, Done.MADE, authority.own.certificate.not_valid_after_utc)
        authority = Authority(pem_files.read(certificate, key))
        ends = authority.own.certificate.not_valid_after_utc
        if self.trust_domain not in (None, authority.trust_domain):
            raise ConfigurationError(
                [f"the authority is that of the domain {authority.trust_domain!r}; give another folder"]
            )
        if ends <= self.now:
            raise ConfigurationError(
                [f"the authority ended on {ends:%Y-%m-%d}; make a new one in another folder"]
            )
        return authority, Outcome(AUTHORITY, Done.KEPT, ends)

    def _workload_pair(self, authority: Authority, name: str, named: Sequence[str]) -> Outcome:
        wanted = {names.uri(authority.trust_domain, workload) for workload in named}
        known = self._known(name)
        if known and set(names.uris_of(known)) == wanted and self._stays(authority, known):
            return Outcome(name, Done.KEPT, known.not_valid_after_utc)
        return self._write(name, authority.for_workloads(named, self.now, self.life), known)

    def _listener_pair(self, authority: Authority, hosts: Sequence[str]) -> Outcome:
        known = self._known(EDGE_SERVER)
        if known and set(names.hosts_of(known)) == set(hosts) and self._stays(authority, known):
            return Outcome(EDGE_SERVER, Done.KEPT, known.not_valid_after_utc)
        return self._write(EDGE_SERVER, authority.for_hosts(hosts, self.now, self.life), known)

    def _known_hosts(self) -> list[str]:
        known = self._known(EDGE_SERVER)
        return names.hosts_of(known) if known else []

    def _known(self, name: str) -> x509.Certificate | None:
        """The certificate that is there, where its pair is whole."""
        certificate = pem_files.certificate_file(self.path, name)
        try:
            return pem_files.read(certificate, pem_files.key_file(self.path, name)).certificate
        except ConfigurationError:
            return None

    def _stays(self, authority: Authority, certificate: x509.Certificate) -> bool:
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return authority.signed(certificate) and ends - self.now > (ends - begins) * RENEWED_AT

    def _write(self, name: str, pair: Signed, known: x509.Certificate | None) -> Outcome:
        pem_files.write(self.path, name, pair)
        return Outcome(name, Done.RENEWED if known else Done.MADE, pair.certificate.not_valid_after_utc)
