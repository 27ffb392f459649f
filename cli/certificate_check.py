"""Which certificates end soon, or have keys that others than their owner may read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.finding import Finding
from gateway.certificates import listener_pair
from mesh.certificates import pem_files
from mesh.config import ConfigurationError, Settings

SOON = timedelta(days=14)
_OTHERS = 0o077


def examine(settings: Settings, now: datetime | None = None) -> list[Finding]:
    """Looks at the folder of MOOTION_TLS_DIR and at what the listener shows; nothing where there is neither."""
    now, found = now or datetime.now(UTC), []
    if settings.tls_dir is not None:
        mend = f"Run `mootion certs {settings.tls_dir}`."
        certificates = sorted(settings.tls_dir.glob("*.pem"))
        found.append(_ends("certificates", certificates, now, mend))
        found.append(_keys(sorted(settings.tls_dir.glob("*.key"))))
    own = listener_pair(settings)
    if settings.edge_cert is not None and own is not None:
        mend = "Renew the files of MOOTION_EDGE_CERT and MOOTION_EDGE_KEY; the edge takes them by itself."
        found += [_ends("certificate of the edge", [own.certificate], now, mend), _keys([own.key])]
    return found


def _ends(name: str, paths: list[Path], now: datetime, mend: str) -> Finding:
    try:
        ends = {path.stem: pem_files.read_certificate(path).not_valid_after_utc for path in paths}
    except ConfigurationError as error:
        return Finding(name, False, error.problems[0], mend)
    if not ends:
        return Finding(name, False, "there are none", mend)
    first = min(ends, key=lambda stem: ends[stem])
    verb = "ended" if ends[first] <= now else "ends"
    seen = f"{len(ends)}; {first} {verb} first, on {ends[first]:%Y-%m-%d}"
    return Finding(name, ends[first] - now > SOON, seen, mend)


def _keys(paths: list[Path]) -> Finding:
    name = "keys of certificates"
    try:
        open_ones = [path.name for path in paths if path.stat().st_mode & _OTHERS]
    except OSError as error:
        return Finding(
            name, False, f"cannot be looked at: {error.strerror}", "Give the files that belong together."
        )
    seen = f"others may use {', '.join(open_ones)}" if open_ones else "for their owner only"
    return Finding(name, not open_ones, seen, "Run `chmod 600` on them.")
