"""The authority of a mesh: signs the certificates that its workloads show each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mesh.certificates import names

AUTHORITY_LIFE = timedelta(days=3650)
# Machines whose clocks are a little behind take a new certificate too.
CLOCK_LEEWAY = timedelta(minutes=5)
_MOST_COMMON_NAME = 64


@dataclass(frozen=True)
class Signed:
    """A certificate and the private key that belongs to it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True)
class Authority:
    """Makes certificates by RFC 5280, with ECDSA on P-256 and SHA-256."""

    own: Signed

    @classmethod
    def make(cls, trust_domain: str, now: datetime) -> "Authority":
        """A new authority of a domain, good for ten years; what it signed ends with it."""
        key = _new_key()
        subject = _subject(f"{trust_domain} authority")
        builder = _builder(subject, subject, key.public_key(), now, now + AUTHORITY_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        name = x509.UniformResourceIdentifier(names.domain_uri(trust_domain))
        builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        return cls(Signed(key, builder.sign(key, hashes.SHA256())))

    @property
    def trust_domain(self) -> str:
        """The domain it speaks for."""
        return names.trust_domain_of(names.uris_of(self.own.certificate))

    def for_workloads(self, workloads: Sequence[str], now: datetime, life: timedelta) -> Signed:
        """A pair for a process that serves and calls as each of these workloads; the first is its subject."""
        uris = [
            x509.UniformResourceIdentifier(names.uri(self.trust_domain, workload)) for workload in workloads
        ]
        alternatives = [*uris, *(x509.DNSName(workload) for workload in workloads)]
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        return self._sign(workloads[0], alternatives, usages, now, life)

    def for_hosts(self, hosts: Sequence[str], now: datetime, life: timedelta) -> Signed:
        """A pair for a public listener, by names and addresses."""
        alternatives = [_host(host) for host in hosts]
        return self._sign(hosts[0], alternatives, [ExtendedKeyUsageOID.SERVER_AUTH], now, life)

    def signed(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate is from this authority, whichever other has the same name."""
        try:
            certificate.verify_directly_issued_by(self.own.certificate)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return True

    def _sign(
        self,
        subject: str,
        alternatives: Sequence[x509.GeneralName],
        usages: Sequence[x509.ObjectIdentifier],
        now: datetime,
        life: timedelta,
    ) -> Signed:
        own, key = self.own.certificate, _new_key()
        ends = min(now + life, own.not_valid_after_utc)
        builder = _builder(_subject(subject), own.subject, key.public_key(), now, ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.own.key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        return Signed(key, builder.sign(self.own.key, hashes.SHA256()))


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_LEEWAY)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_MOST_COMMON_NAME])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
