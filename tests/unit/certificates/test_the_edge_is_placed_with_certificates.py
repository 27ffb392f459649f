"""Where there are certificates, Envoy is told to show them, whom to believe, and to speak TLS 1.3 alone."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import front
from gateway.certificates import secrets
from gateway.placement import placed
from mesh.certificates import pem_files
from mesh.certificates.folder import EDGE_SERVER, Folder
from mesh.config import ConfigurationError, Settings

ONLY_TLS13 = {"tlsMinimumProtocolVersion": "TLSv1_3", "tlsMaximumProtocolVersion": "TLSv1_3"}
LIMITER = "127.0.0.1:5000"


def settings(folder: Path, *hosts: str, **others: Any) -> Settings:
    Folder(folder, "school", timedelta(days=9), datetime.now(UTC)).bring_up({"edge": ["edge"]}, hosts)
    return Settings(tls_dir=folder, data_dir=folder / "data", **others)


def sockets(config: dict[str, Any]) -> dict[str, Any]:
    """What TLS each cluster speaks, by its name; None in plain."""
    clusters = config["staticResources"]["clusters"]
    return {cluster["name"]: cluster.get("transportSocket", {}).get("typedConfig") for cluster in clusters}


def listener(config: dict[str, Any]) -> dict[str, Any]:
    chain: dict[str, Any] = config["staticResources"]["listeners"][0]["filterChains"][0]
    return chain


def test_without_certificates_everything_is_in_plain() -> None:
    config = placed(Settings(otlp_endpoint="http://127.0.0.1:4317"), limiter=LIMITER)
    assert set(sockets(config).values()) == {None}
    assert "transportSocket" not in listener(config)
    assert secrets(Settings()) == {}


def test_each_service_must_show_its_own_name(tmp_path: Path) -> None:
    found = sockets(placed(settings(tmp_path)))
    for name in ("quiz", "identity", "media"):
        context = found[name]["commonTlsContext"]
        believed = context["validationContext"]["matchTypedSubjectAltNames"]
        assert believed == [{"sanType": "URI", "matcher": {"exact": f"spiffe://school/{name}"}}]
        assert context["tlsParams"] == ONLY_TLS13
        assert found[name]["sni"] == name
        assert context["alpnProtocols"] == (["http/1.1"] if name == "media" else ["h2"])


def test_what_is_beside_the_edge_or_no_part_of_the_mesh_stays_in_plain(tmp_path: Path) -> None:
    given = settings(tmp_path, otlp_endpoint="http://127.0.0.1:4317")
    found = sockets(placed(given, limiter=LIMITER))
    assert {name for name, socket in found.items() if socket is None} == {"keys", "traces", "limiter"}


def test_the_listener_speaks_tls_where_it_has_a_pair(tmp_path: Path) -> None:
    assert "transportSocket" not in listener(placed(settings(tmp_path / "a")))
    given = settings(tmp_path / "b", "learn.example.org")
    config = placed(given)
    context = listener(config)["transportSocket"]["typedConfig"]["commonTlsContext"]
    assert context["tlsParams"] == ONLY_TLS13
    assert context["alpnProtocols"] == ["h2", "http/1.1"]
    assert sockets(config)["keys"]["sni"] == "learn.example.org"
    assert front.url(given) == "https://localhost:8080"


def test_a_pair_from_elsewhere_goes_before_that_of_the_folder(tmp_path: Path) -> None:
    settings(tmp_path / "b", "learn.example.org")
    pair = {"edge_cert": pem_files.certificate_file(tmp_path / "b", EDGE_SERVER)}
    pair["edge_key"] = pem_files.key_file(tmp_path / "b", EDGE_SERVER)
    given = settings(tmp_path / "a", "old.example.org", **pair)
    assert str(tmp_path / "b") in json.dumps(list(secrets(given).values()))
    assert sockets(placed(given))["keys"]["sni"] == "learn.example.org"


def test_browsers_are_told_to_stay_with_https_where_the_edge_is_no_loopback(tmp_path: Path) -> None:
    for host, told in (("127.0.0.1", False), ("0.0.0.0", True)):
        given = settings(tmp_path / host, "learn.example.org", bind_host=host, local_principal=False)
        assert ("strict-transport-security" in json.dumps(placed(given))) is told


def test_no_key_stands_in_what_envoy_is_given(tmp_path: Path) -> None:
    given = settings(tmp_path, "learn.example.org")
    everything = json.dumps([placed(given), *secrets(given).values()])
    assert "PRIVATE KEY" not in everything
    assert str(pem_files.key_file(tmp_path, "edge")) in everything


def test_a_key_that_belongs_to_another_certificate_is_found_before_envoy_starts(tmp_path: Path) -> None:
    given = settings(tmp_path, "learn.example.org")
    pem_files.key_file(tmp_path, EDGE_SERVER).write_bytes(pem_files.key_file(tmp_path, "edge").read_bytes())
    with pytest.raises(ConfigurationError, match="not the key of"):
        placed(given)


def test_an_edge_without_a_pair_of_its_own_does_not_start(tmp_path: Path) -> None:
    given = settings(tmp_path)
    pem_files.certificate_file(tmp_path, "edge").unlink()
    with pytest.raises(ConfigurationError, match=r"edge\.pem"):
        placed(given)
