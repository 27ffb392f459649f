"""The checked-in configuration put in place: this machine's ports, addresses, files and collector of traces."""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.certificates import secure
from gateway.exposure import expose
from mesh.addresses import each_of, host_and_port
from mesh.config import Settings
from mesh.limit_question import LIMITER

GATEWAY = Path(__file__).resolve().parent
_SWAGGER_UI = "swagger-ui/"
_MEDIA, _KEYS, _TRACES = "media", "keys", "traces"
_FOREIGN_ORIGINS = "foreign-origins"
_Json = dict[str, Any]


def placed(settings: Settings, derived: str | None = None, *, limiter: str | None = None) -> _Json:
    """The configuration Envoy is started with.

    Args:
        derived: the text of `envoy.json`; default: the checked-in file.
        limiter: where the rate-limit service answers, as `host:port`; where there is none, the services count alone.
    """
    config: _Json = json.loads(derived or (GATEWAY / "envoy.json").read_text())
    _set_address(config["admin"], f"127.0.0.1:{settings.edge_admin_port}")
    resources = config["staticResources"]
    listener = resources["listeners"][0]
    _set_address(listener, f"{settings.bind_host}:{settings.edge_port}")
    manager = listener["filterChains"][0]["filters"][0]["typedConfig"]
    expose(config, settings, limited=limiter is not None)
    if not settings.is_loopback:
        _open_to_all(manager["routeConfig"])
    if settings.otlp_endpoint is None:
        del manager["tracing"]
        resources["clusters"] = [one for one in resources["clusters"] if one["name"] != _TRACES]
    for cluster in resources["clusters"]:
        address = limiter if cluster["name"] == LIMITER else _address_of(cluster["name"], settings)
        _set_replicas(cluster, each_of(address or ""), settings)
    _find_files(config)
    secure(config, settings)
    return config


def _address_of(cluster: str, settings: Settings) -> str:
    if cluster == _MEDIA:
        return settings.addresses.get(_MEDIA) or f"{settings.bind_host}:{settings.media_port}"
    if cluster == _KEYS:
        return f"{settings.bind_host if settings.is_loopback else '127.0.0.1'}:{settings.edge_port}"
    if cluster == _TRACES:
        return _authority(settings.otlp_endpoint or "")
    return settings.address(cluster)


def _authority(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or 4317}"


def _set_replicas(cluster: _Json, addresses: list[str], settings: Settings) -> None:
    """All replicas as endpoints, and room for as many calls as they take together."""
    endpoints: list[_Json] = [{"endpoint": {}} for _ in addresses]
    for holder, address in zip(endpoints, addresses, strict=True):
        _set_address(holder["endpoint"], address)
    cluster["loadAssignment"]["endpoints"] = [{"lbEndpoints": endpoints}]
    for breaker in cluster.get("circuitBreakers", {}).get("thresholds", ()):
        most = settings.max_streams if breaker.get("priority") == "HIGH" else settings.max_calls
        breaker["maxRequests"] = breaker["maxPendingRequests"] = most * len(addresses)


def _set_address(holder: _Json, address: str) -> None:
    host, port = host_and_port(address)
    holder["address"] = {"socketAddress": {"address": host, "portValue": port}}


def _open_to_all(routes: _Json) -> None:
    """Where only this machine reaches the edge, no token is asked for, so only its own names and pages are served.
    Elsewhere any name will do, and a page of another site gets nowhere without a token."""
    host = routes["virtualHosts"][0]
    host["domains"] = ["*"]
    host["routes"] = [route for route in host["routes"] if route.get("name") != _FOREIGN_ORIGINS]
    routes["virtualHosts"] = [host]


def _find_files(node: object) -> None:
    """Replaces the names of files by their places."""
    if isinstance(node, list):
        for item in node:
            _find_files(item)
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("filename", "protoDescriptor") and isinstance(value, str):
                node[key] = str(_place(value))  # type: ignore[index]
            else:
                _find_files(value)


def _place(name: str) -> Path:
    if name.startswith(_SWAGGER_UI):
        return _swagger_ui() / name.removeprefix(_SWAGGER_UI)
    return GATEWAY.parent / name


def _swagger_ui() -> Path:
    """Where the wheel swagger-ui-py keeps the scripts of Swagger UI; it is not imported, only looked for."""
    package = find_spec("swagger_ui")
    if package is None or package.origin is None:
        raise FileNotFoundError("the package swagger-ui-py is not installed; run make setup")
    return Path(package.origin).parent / "static"
