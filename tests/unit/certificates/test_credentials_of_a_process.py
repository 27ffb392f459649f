"""What a process takes from a folder: its own pair, whole and not ended, and read again when it changes."""

import fcntl
import os
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mesh.certificates import credentials, pem_files
from mesh.certificates.authority import Signed
from mesh.certificates.credentials import Credentials
from mesh.certificates.folder import Folder
from mesh.config import ConfigurationError
from mesh.metrics import Metrics

LIFE = timedelta(days=90)


def make(path: Path, *, now: datetime | None = None) -> Path:
    Folder(path, "mootion", LIFE, now or datetime.now(UTC)).bring_up({"quiz": ["quiz"]}, [])
    return path


def renew(path: Path) -> None:
    pem_files.certificate_file(path, "quiz").unlink()
    make(path)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda path: pem_files.key_file(path, "quiz").unlink(), "quiz.key cannot be read"),
        (lambda path: pem_files.key_file(path, "quiz").write_text("no key"), "holds no ECDSA key"),
        (lambda path: pem_files.certificate_file(path, "quiz").write_text("x"), "holds no certificate"),
        (lambda path: pem_files.certificate_file(path, "authority").unlink(), "authority.pem cannot be read"),
    ],
)
def test_a_process_says_what_is_wrong_with_its_files(tmp_path: Path, break_it: object, said: str) -> None:
    make(tmp_path)
    assert callable(break_it)
    break_it(tmp_path)
    with pytest.raises(ConfigurationError, match=said):
        Credentials(tmp_path, "quiz").shown()


def test_a_workload_without_a_pair_cannot_start(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(ConfigurationError, match=r"answer\.pem cannot be read"):
        Credentials(tmp_path, "answer").shown()
    with pytest.raises(ConfigurationError, match="no such folder"):
        Credentials(tmp_path / "nowhere", "quiz").shown()


def test_a_certificate_that_has_ended_is_not_started_with(tmp_path: Path) -> None:
    make(tmp_path, now=datetime.now(UTC) - LIFE - timedelta(days=1))
    with pytest.raises(ConfigurationError, match=r"ended on .*run `mootion certs` again"):
        Credentials(tmp_path, "quiz").shown()


def test_the_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    ours, theirs = make(tmp_path / "ours"), make(tmp_path / "theirs")
    pem_files.key_file(ours, "quiz").write_bytes(pem_files.key_file(theirs, "quiz").read_bytes())
    with pytest.raises(ConfigurationError, match="not the key of"):
        Credentials(ours, "quiz").shown()


def test_no_message_names_the_machine(tmp_path: Path) -> None:
    make(tmp_path)
    pem_files.key_file(tmp_path, "quiz").unlink()
    with pytest.raises(ConfigurationError) as raised:
        Credentials(tmp_path, "quiz").shown()
    assert str(tmp_path) not in str(raised.value)


def test_a_renewed_pair_is_read_and_a_broken_one_is_not(tmp_path: Path) -> None:
    own = Credentials(make(tmp_path), "quiz")
    first = own.shown()
    pem_files.key_file(tmp_path, "quiz").write_text("half of a key")
    assert own.shown() is first
    renew(tmp_path)
    assert own.shown().chain != first.chain
    assert own.shown().authority == first.authority


def test_a_process_that_starts_during_a_renewal_waits_for_its_end(tmp_path: Path) -> None:
    ours, newer = make(tmp_path / "ours"), make(tmp_path / "newer")
    renewing = os.open(ours, os.O_RDONLY)
    fcntl.flock(renewing, fcntl.LOCK_EX)
    shutil.copy(pem_files.key_file(newer, "quiz"), pem_files.key_file(ours, "quiz"))

    def end() -> None:
        shutil.copy(pem_files.certificate_file(newer, "quiz"), pem_files.certificate_file(ours, "quiz"))
        os.close(renewing)

    threading.Timer(0.2, end).start()
    shown = Credentials(ours, "quiz").shown()
    assert shown.chain == pem_files.certificate_file(newer, "quiz").read_bytes()


def test_a_pair_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, read = Credentials(make(tmp_path), "quiz"), pem_files.read
    own.shown()
    renew(tmp_path)

    def read_and_renew(certificate: Path, key: Path) -> Signed:
        monkeypatch.undo()
        found = read(certificate, key)
        shutil.copy(pem_files.key_file(make(tmp_path / "newer"), "quiz"), key)
        return found

    monkeypatch.setattr(pem_files, "read", read_and_renew)
    for _ in range(2):
        shown = own.shown()
        key = load_pem_private_key(shown.key, None).public_key()
        assert key == x509.load_pem_x509_certificate(shown.chain).public_key()


def test_channels_look_for_a_renewed_pair_now_and_then(tmp_path: Path) -> None:
    moment = [100.0]
    own = Credentials(make(tmp_path), "quiz", lambda: moment[0])
    first = own.channel()
    renew(tmp_path)
    assert own.channel() is first
    moment[0] += credentials.LOOK_EVERY_SECONDS + 1
    second = own.channel()
    assert second is not first
    moment[0] += credentials.LOOK_EVERY_SECONDS + 1
    assert own.channel() is second


def test_the_metrics_of_a_process_tell_when_its_pair_and_the_authority_end(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    metrics, own = Metrics(), Credentials(make(tmp_path, now=now), "quiz")
    metrics.watch_certificate("quiz", own.end)
    metrics.watch_certificate("authority", own.authority_end)

    def told(name: str) -> float | None:
        return metrics.registry.get_sample_value(
            "mootion_certificate_end_timestamp_seconds", {"certificate": name}
        )

    assert told("quiz") == (now + LIFE).timestamp()
    assert told("authority") == ends_of(tmp_path, "authority")
    Folder(tmp_path, None, LIFE, now + timedelta(days=70)).bring_up({"quiz": ["quiz"]}, [])
    assert told("quiz") == (now + LIFE + timedelta(days=70)).timestamp()
    pem_files.certificate_file(tmp_path, "quiz").write_text("half of a certificate")
    assert told("quiz") == (now + LIFE + timedelta(days=70)).timestamp()


def test_where_there_is_nothing_good_to_show_it_has_ended_long_ago(tmp_path: Path) -> None:
    assert Credentials(tmp_path, "quiz").end() == 0
    assert Credentials(tmp_path / "nowhere", "quiz").authority_end() == 0


def ends_of(folder: Path, name: str) -> float:
    certificate = pem_files.read_certificate(pem_files.certificate_file(folder, name))
    return certificate.not_valid_after_utc.timestamp()
