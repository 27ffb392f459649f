"""`mootion doctor` looks at certificates: what ends within 14 days, and keys that others may read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.certificate_check import examine
from mesh.certificates import pem_files
from mesh.certificates.folder import EDGE_SERVER, Folder
from mesh.config import Settings

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def make(path: Path, days: int) -> Path:
    Folder(path, "mootion", timedelta(days=days), NOW).bring_up({"quiz": ["quiz"]}, ["learn.example.org"])
    return path


def test_without_certificates_there_is_nothing_to_say() -> None:
    assert examine(Settings(), NOW) == []


def test_certificates_that_last_are_all_right(tmp_path: Path) -> None:
    found = examine(Settings(tls_dir=make(tmp_path, 15)), NOW)
    assert [finding.ok for finding in found] == [True, True]
    assert "2026-12-06" in found[0].seen


def test_what_ends_within_14_days_is_found_and_how_to_renew_it(tmp_path: Path) -> None:
    finding = examine(Settings(tls_dir=make(tmp_path, 14)), NOW)[0]
    assert not finding.ok
    assert "ends first, on 2026-12-05" in finding.seen
    assert f"mootion certs {tmp_path}" in finding.mend


def test_what_has_ended_is_said_to_have(tmp_path: Path) -> None:
    finding = examine(Settings(tls_dir=make(tmp_path, 14)), NOW + timedelta(days=30))[0]
    assert (finding.ok, "ended first" in finding.seen) == (False, True)


def test_an_empty_folder_is_found(tmp_path: Path) -> None:
    assert not examine(Settings(tls_dir=tmp_path), NOW)[0].ok


def test_a_key_that_others_may_read_is_found(tmp_path: Path) -> None:
    pem_files.key_file(make(tmp_path, 90), "quiz").chmod(0o640)
    finding = examine(Settings(tls_dir=tmp_path), NOW)[1]
    assert (finding.ok, finding.seen) == (False, "others may use quiz.key")


def test_the_pair_of_the_listener_is_looked_at(tmp_path: Path) -> None:
    make(tmp_path, 10)
    certificate = pem_files.certificate_file(tmp_path, EDGE_SERVER)
    settings = Settings(edge_cert=certificate, edge_key=pem_files.key_file(tmp_path, EDGE_SERVER))
    ends, keys = examine(settings, NOW)
    assert (ends.ok, keys.ok) == (False, True)
    certificate.unlink()
    assert not examine(settings, NOW)[0].ok
