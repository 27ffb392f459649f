"""Keys and certificates as files: keys for their owner's eyes only, each file changed as a whole."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from mesh.certificates.authority import Signed
from mesh.config import ConfigurationError

_KEY_MODE, _CERTIFICATE_MODE = 0o600, 0o644


def changing(folder: Path) -> AbstractContextManager[None]:
    """Nobody else changes the pairs of a folder while the block lasts; who does so now is waited for."""
    return _locked(folder, fcntl.LOCK_EX)


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Nobody who asks by `changing` changes the pairs of a folder while the block lasts. One that cannot be locked, as
    where its files may be read and it may not, is taken as it is."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(_locked(folder, fcntl.LOCK_SH))
        yield


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, how)
        yield
    finally:
        os.close(opened)


def certificate_file(folder: Path, name: str) -> Path:
    """Where the certificate of a name lies."""
    return folder / f"{name}.pem"


def key_file(folder: Path, name: str) -> Path:
    """Where the private key of a name lies."""
    return folder / f"{name}.key"


def read(certificate: Path, key: Path) -> Signed:
    """A pair.

    Raises:
        ConfigurationError: a file is missing or none of the kind, or the two do not belong together.
    """
    shown = read_certificate(certificate)
    private = _read_key(key)
    if private.public_key() != shown.public_key():
        raise ConfigurationError(
            [f"{key.name} is not the key of {certificate.name}; make both with `mootion certs`"]
        )
    return Signed(private, shown)


def require_pair(certificate: Path, key: Path) -> None:
    """Raises ConfigurationError where two files are not a certificate and its private key, of whichever kind."""
    try:
        belongs = load_pem_private_key(_bytes(key), password=None).public_key()
    except (ValueError, TypeError):
        raise ConfigurationError([f"{key.name} holds no key in PEM without a password"]) from None
    if belongs != read_certificate(certificate).public_key():
        raise ConfigurationError([f"{key.name} is not the key of {certificate.name}"])


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate of a file.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return x509.load_pem_x509_certificates(_bytes(path))[0]
    except ValueError:
        raise ConfigurationError([f"{path.name} holds no certificate in PEM"]) from None


def write(folder: Path, name: str, pair: Signed) -> None:
    """Writes a pair in place of the one before. Each file is moved to its place as a whole, the key first."""
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _replace(key_file(folder, name), key, _KEY_MODE)
    shown = pair.certificate.public_bytes(Encoding.PEM)
    _replace(certificate_file(folder, name), shown, _CERTIFICATE_MODE)


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(_bytes(path), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigurationError([f"{path.name} holds no ECDSA key in PEM without a password"])
    return key


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            [f"{path.name} cannot be read ({error.strerror}); `mootion certs` makes it"]
        ) from None


def _replace(path: Path, content: bytes, mode: int) -> None:
    # Named by chance: one that was killed may have had the same process id, as every start of a container has.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
