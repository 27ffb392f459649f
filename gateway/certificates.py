"""TLS of the edge: what it shows the services behind it and whom it believes, and what its listener shows callers.

Envoy is told of pairs by files of secrets (SDS), because then it reads them again when they are renewed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh.callers import EDGE
from mesh.certificates import names, pem_files
from mesh.certificates.credentials import Credentials
from mesh.certificates.folder import AUTHORITY, EDGE_SERVER
from mesh.config import Settings
from mesh.http import WORKLOAD as MEDIA
from mesh.limit_question import LIMITER

KEYS, TRACES = "keys", "traces"
SECONDS_OF_HTTPS_ONLY = 31_536_000
_TYPES = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"
_OWN_CHAIN = "edge-server-chain"
# The collector is no part of the mesh, and the rate-limit service runs beside the edge, on loopback.
_IN_PLAIN = (TRACES, LIMITER)
_Json = dict[str, Any]


@dataclass(frozen=True)
class ListenerPair:
    """The files that the listener shows."""

    certificate: Path
    key: Path


def listener_pair(settings: Settings) -> ListenerPair | None:
    """What the environment gives, or `edge-server` of the folder; None where the listener speaks in plain."""
    if settings.edge_cert is not None and settings.edge_key is not None:
        return ListenerPair(settings.edge_cert.resolve(), settings.edge_key.resolve())
    if settings.tls_dir is None:
        return None
    folder = settings.tls_dir.resolve()
    pair = ListenerPair(
        pem_files.certificate_file(folder, EDGE_SERVER), pem_files.key_file(folder, EDGE_SERVER)
    )
    return pair if pair.certificate.exists() else None


def secure(config: _Json, settings: Settings) -> None:
    """Adds TLS to a configuration where the settings ask for it.

    Raises:
        ConfigurationError: a pair is missing, broken or has ended.
    """
    own = listener_pair(settings)
    if own is not None:
        pem_files.require_pair(own.certificate, own.key)
        _secure_listener(config["staticResources"]["listeners"][0], settings)
    for cluster in config["staticResources"]["clusters"]:
        name = cluster["name"]
        if name == KEYS and own is not None:
            cluster["transportSocket"] = _upstream(_to_itself(settings), own_name(own))
        elif settings.tls_dir is not None and name not in (KEYS, *_IN_PLAIN):
            cluster["transportSocket"] = _upstream(_to_service(name, settings), name)
    if own is not None or settings.tls_dir is not None:
        config["node"] = {"id": EDGE, "cluster": "mootion"}


def secrets(settings: Settings) -> dict[Path, _Json]:
    """The files of secrets that a secured configuration names, and what stands in them."""
    found: list[_Json] = []
    own = listener_pair(settings)
    if own is not None:
        found.append(_pair_secret(EDGE_SERVER, own.certificate, own.key))
        chain = {"trustedCa": _file(own.certificate), "watchedDirectory": _folder_of(own.certificate)}
        found.append({"name": _OWN_CHAIN, "validationContext": chain})
    if settings.tls_dir is not None:
        folder = settings.tls_dir.resolve()
        found.append(
            _pair_secret(EDGE, pem_files.certificate_file(folder, EDGE), pem_files.key_file(folder, EDGE))
        )
    return {
        _secret_file(secret["name"], settings): {"resources": [{"@type": f"{_TYPES}.Secret", **secret}]}
        for secret in found
    }


def own_name(own: ListenerPair) -> str:
    """The first host that the listener's certificate is for.

    Raises:
        ConfigurationError: there is no certificate.
    """
    return next(iter(names.hosts_of(pem_files.read_certificate(own.certificate))), "localhost")


def _secure_listener(listener: _Json, settings: Settings) -> None:
    chain = listener["filterChains"][0]
    context = _common(["h2", "http/1.1"]) | _shows(EDGE_SERVER, settings)
    chain["transportSocket"] = _socket("DownstreamTlsContext", {"commonTlsContext": context})
    if not settings.is_loopback:
        routes = chain["filters"][0]["typedConfig"]["routeConfig"]
        https_only = {"key": "strict-transport-security", "value": f"max-age={SECONDS_OF_HTTPS_ONLY}"}
        routes.setdefault("responseHeadersToAdd", []).append({"header": https_only})


def _to_service(name: str, settings: Settings) -> _Json:
    """Shows the edge's own certificate, and believes none but that of the service."""
    assert settings.tls_dir is not None
    folder = settings.tls_dir.resolve()
    uri = names.uri(Credentials(folder, EDGE).shown().trust_domain, name)
    believed = {
        "trustedCa": _file(pem_files.certificate_file(folder, AUTHORITY)),
        "matchTypedSubjectAltNames": [{"sanType": "URI", "matcher": {"exact": uri}}],
    }
    protocol = "http/1.1" if name == MEDIA else "h2"
    return _common([protocol]) | _shows(EDGE, settings) | {"validationContext": believed}


def _to_itself(settings: Settings) -> _Json:
    """Believes what its own listener shows, whoever signed that, and nothing else."""
    return _common(["http/1.1"]) | {"validationContextSdsSecretConfig": _secret(_OWN_CHAIN, settings)}


def _common(protocols: list[str]) -> _Json:
    versions = {"tlsMinimumProtocolVersion": "TLSv1_3", "tlsMaximumProtocolVersion": "TLSv1_3"}
    return {"tlsParams": versions, "alpnProtocols": protocols}


def _shows(name: str, settings: Settings) -> _Json:
    return {"tlsCertificateSdsSecretConfigs": [_secret(name, settings)]}


def _upstream(context: _Json, server_name: str) -> _Json:
    return _socket("UpstreamTlsContext", {"sni": server_name, "commonTlsContext": context})


def _socket(kind: str, config: _Json) -> _Json:
    return {
        "name": "envoy.transport_sockets.tls",
        "typedConfig": {"@type": f"{_TYPES}.{kind}", **config},
    }


def _secret(name: str, settings: Settings) -> _Json:
    source = {"pathConfigSource": {"path": str(_secret_file(name, settings))}, "resourceApiVersion": "V3"}
    return {"name": name, "sdsConfig": source}


def _secret_file(name: str, settings: Settings) -> Path:
    return settings.data_dir.resolve() / f"{name}.secret.json"


def _pair_secret(name: str, certificate: Path, key: Path) -> _Json:
    pair = {
        "certificateChain": _file(certificate),
        "privateKey": _file(key),
        "watchedDirectory": _folder_of(certificate),
    }
    return {"name": name, "tlsCertificate": pair}


def _file(path: Path) -> _Json:
    return {"filename": str(path)}


def _folder_of(path: Path) -> _Json:
    return {"path": str(path.parent)}
