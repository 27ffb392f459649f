"""How a certificate names workloads: as `spiffe://<trust domain>/<workload>`, and each as a DNS name too."""

import re
from collections.abc import Iterable
from ipaddress import ip_address

from cryptography import x509

TRUST_DOMAIN = "mootion"
_SCHEME = "spiffe://"
_DOMAIN = re.compile(r"[a-z0-9._-]{1,255}")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*")
_LONGEST_HOST = 253


def is_host(name: str) -> bool:
    """Whether it is a DNS name, or one with `*` as its first label, or an IP address."""
    try:
        return bool(ip_address(name))
    except ValueError:
        return len(name) <= _LONGEST_HOST and _HOST.fullmatch(name) is not None


def is_trust_domain(name: str) -> bool:
    """Whether it may be the name of a domain (SPIFFE-ID, section 2.1)."""
    return _DOMAIN.fullmatch(name) is not None


def uri(trust_domain: str, workload: str) -> str:
    """The name of a workload (SPIFFE-ID, section 2)."""
    return f"{_SCHEME}{trust_domain}/{workload}"


def domain_uri(trust_domain: str) -> str:
    """The name of an authority: that of its domain."""
    return f"{_SCHEME}{trust_domain}"


def trust_domain_of(uris: Iterable[str]) -> str:
    """The domain of the first name; empty where there is none."""
    for name in uris:
        if name.startswith(_SCHEME):
            return name.removeprefix(_SCHEME).partition("/")[0]
    return ""


def workloads_in(trust_domain: str, uris: Iterable[str]) -> frozenset[str]:
    """The workloads of a domain that a certificate names; names of other domains count for nothing."""
    prefix = uri(trust_domain, "")
    return frozenset(name.removeprefix(prefix) for name in uris if name.startswith(prefix))


def uris_of(certificate: x509.Certificate) -> list[str]:
    """The URIs that a certificate names."""
    return list(_alternatives(certificate).get_values_for_type(x509.UniformResourceIdentifier))


def hosts_of(certificate: x509.Certificate) -> list[str]:
    """The DNS names and addresses that a certificate names."""
    names = _alternatives(certificate)
    addresses = names.get_values_for_type(x509.IPAddress)
    return [*names.get_values_for_type(x509.DNSName), *(str(address) for address in addresses)]


def _alternatives(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])
