"""What `mootion certs` leaves in a folder: whom certificates name, who may read what, and what a second run changes."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from mesh.certificates import names, pem_files
from mesh.certificates.authority import Authority
from mesh.certificates.folder import AUTHORITY, EDGE_SERVER, Done, Folder, Outcome
from mesh.config import ConfigurationError

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LIFE = timedelta(days=90)
PAIRS = {"quiz": ["quiz"], "video": ["video", "media"]}


def bring_up(
    path: Path,
    *hosts: str,
    now: datetime = NOW,
    pairs: dict[str, list[str]] = PAIRS,
    domain: str | None = "mootion",
) -> dict[str, Outcome]:
    made = Folder(path, domain, LIFE, now).bring_up(pairs, hosts)
    return {outcome.name: outcome for outcome in made}


def certificate(path: Path, name: str) -> x509.Certificate:
    return pem_files.read_certificate(pem_files.certificate_file(path, name))


def test_a_certificate_names_its_workloads_and_nothing_else(tmp_path: Path) -> None:
    bring_up(tmp_path)
    video = certificate(tmp_path, "video")
    assert names.uris_of(video) == ["spiffe://mootion/video", "spiffe://mootion/media"]
    assert names.hosts_of(video) == ["video", "media"]
    assert names.workloads_in("mootion", names.uris_of(video)) == {"video", "media"}


def test_a_certificate_signs_no_other_and_is_for_both_sides_of_a_connection(tmp_path: Path) -> None:
    bring_up(tmp_path, "learn.example.org")
    quiz, listener = certificate(tmp_path, "quiz"), certificate(tmp_path, EDGE_SERVER)
    for each in (quiz, listener):
        assert not each.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert not each.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    both = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert set(quiz.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == both
    one_side = list(listener.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    assert one_side == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_keys_are_ecdsa_on_p256_and_the_authority_signed_them(tmp_path: Path) -> None:
    bring_up(tmp_path)
    authority = Authority(
        pem_files.read(
            pem_files.certificate_file(tmp_path, AUTHORITY), pem_files.key_file(tmp_path, AUTHORITY)
        )
    )
    for name in (AUTHORITY, *PAIRS):
        key = certificate(tmp_path, name).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)
        assert authority.signed(certificate(tmp_path, name))
    assert authority.trust_domain == "mootion"


def test_an_authority_of_the_same_name_signed_nothing(tmp_path: Path) -> None:
    bring_up(tmp_path)
    assert not Authority.make("mootion", NOW).signed(certificate(tmp_path, "quiz"))


def test_keys_are_for_their_owners_eyes(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    bring_up(folder, "localhost")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    keys = sorted(folder.glob("*.key"))
    assert [key.stem for key in keys] == sorted([AUTHORITY, EDGE_SERVER, *PAIRS])
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert sorted(each.suffix for each in folder.iterdir()) == [".key"] * 4 + [".pem"] * 4


def test_the_public_listener_has_names_and_addresses(tmp_path: Path) -> None:
    bring_up(tmp_path, "learn.example.org", "127.0.0.1", "::1")
    assert names.hosts_of(certificate(tmp_path, EDGE_SERVER)) == ["learn.example.org", "127.0.0.1", "::1"]


def test_without_a_host_there_is_no_pair_of_a_listener(tmp_path: Path) -> None:
    assert EDGE_SERVER not in bring_up(tmp_path)


def test_a_second_run_keeps_the_authority_and_what_is_young(tmp_path: Path) -> None:
    bring_up(tmp_path, "localhost")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    again = bring_up(tmp_path, now=NOW + LIFE * 0.6)
    assert {outcome.done for outcome in again.values()} == {Done.KEPT}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_has_a_third_of_its_life_left_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    bring_up(tmp_path, "localhost")
    before = {name: certificate(tmp_path, name) for name in (AUTHORITY, EDGE_SERVER, *PAIRS)}
    later = NOW + LIFE * 0.7
    again = bring_up(tmp_path, now=later)
    assert again.pop(AUTHORITY).done is Done.KEPT
    assert certificate(tmp_path, AUTHORITY) == before.pop(AUTHORITY)
    assert {outcome.done for outcome in again.values()} == {Done.RENEWED}
    assert {outcome.ends for outcome in again.values()} == {later + LIFE}
    for name, old in before.items():
        assert certificate(tmp_path, name).public_key() != old.public_key()
    assert names.hosts_of(certificate(tmp_path, EDGE_SERVER)) == ["localhost"]


def test_a_pair_is_made_anew_where_it_names_others_than_it_should(tmp_path: Path) -> None:
    bring_up(tmp_path, "old.example.org")
    again = bring_up(tmp_path, "new.example.org", pairs={**PAIRS, "quiz": ["quiz", "answer"]})
    assert {name for name, outcome in again.items() if outcome.done is Done.RENEWED} == {"quiz", EDGE_SERVER}


def test_what_another_authority_signed_or_half_of_a_pair_is_replaced(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    bring_up(ours)
    bring_up(theirs)
    for file in (pem_files.certificate_file, pem_files.key_file):
        file(ours, "quiz").write_bytes(file(theirs, "quiz").read_bytes())
    pem_files.key_file(ours, "video").unlink()
    again = bring_up(ours)
    assert (again["quiz"].done, again["video"].done) == (Done.RENEWED, Done.MADE)


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    end = bring_up(tmp_path)[AUTHORITY].ends
    again = bring_up(tmp_path, now=end - timedelta(days=10))
    assert again["quiz"].ends == end


def test_an_authority_that_ended_or_is_of_another_domain_is_not_built_upon(tmp_path: Path) -> None:
    end = bring_up(tmp_path)[AUTHORITY].ends
    with pytest.raises(ConfigurationError, match="ended on"):
        bring_up(tmp_path, now=end)
    with pytest.raises(ConfigurationError, match="domain 'mootion'"):
        bring_up(tmp_path, domain="elsewhere")


def test_a_second_run_stays_in_the_domain_of_the_authority(tmp_path: Path) -> None:
    bring_up(tmp_path, domain="school")
    assert names.uris_of(certificate(tmp_path, "quiz")) == ["spiffe://school/quiz"]
    assert {outcome.done for outcome in bring_up(tmp_path, domain=None).values()} == {Done.KEPT}


def test_two_runs_at_once_make_one_mesh(tmp_path: Path) -> None:
    for number in range(3):
        folder = tmp_path / str(number)
        with ThreadPoolExecutor(2) as threads:
            runs = [threads.submit(bring_up, folder) for _ in range(2)]
            done = [{outcome.done for outcome in run.result().values()} for run in runs]
        assert done in ([{Done.MADE}, {Done.KEPT}], [{Done.KEPT}, {Done.MADE}])


def test_what_a_run_that_was_killed_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    tmp_path.joinpath(f"authority.key.{os.getpid()}.draft").touch()
    assert {outcome.done for outcome in bring_up(tmp_path).values()} == {Done.MADE}


def test_names_of_other_domains_name_no_workload() -> None:
    uris = ["spiffe://elsewhere/edge", "spiffe://mootion.evil/edge", "https://mootion/edge"]
    assert names.workloads_in("mootion", uris) == frozenset()
