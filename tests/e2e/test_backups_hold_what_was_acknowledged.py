"""A backup of a running system under load, restored elsewhere: what was acknowledged before it began is there."""

import json
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.e2e import full_system
from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, Json, ok, until, upload, upload_and_wait
from tests.e2e.conftest import AnySystem
from tests.e2e.engines import real_stores

UPLOADERS = 2


def mootion(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)


def load(system: AnySystem, stop: threading.Event, acknowledged: list[str]) -> None:
    """Uploads until told to stop; notes what was acknowledged."""
    with system.client() as client:
        while not stop.is_set():
            document = ok(upload(client, SAMPLE.read_bytes(), f"load-{len(acknowledged)}.pdf"))["document"]
            acknowledged.append(document["documentId"])
            stop.wait(0.2)


def get(system: AnySystem, path: str) -> Json:
    with system.client() as client:
        return ok(client.get(path))


def is_ready(system: AnySystem, document_id: str) -> bool:
    return bool(get(system, f"/v1/documents/{document_id}")["document"]["state"] == "READY")


@dataclass
class Kept:
    """What was acknowledged before the backup began."""

    document_ids: list[str]
    quiz: Json
    video: Json


def made(running: AnySystem) -> Kept:
    with running.client() as client:
        document_id = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)["documentId"]
        quiz = ok(client.post("/v1/quizzes:generate", json={"documentId": document_id, "questionCount": 3}))
        video = ok(client.post("/v1/videos", json={"documentId": document_id, "targetDuration": "30s"}))
    return Kept([document_id], quiz["quiz"], video["video"])


def backed_up_under_load(running: AnySystem, backup: Path) -> Kept:
    kept, stop, acknowledged = made(running), threading.Event(), list[str]()
    with ThreadPoolExecutor(UPLOADERS) as pool:
        loads = [pool.submit(load, running, stop, acknowledged) for _ in range(UPLOADERS)]
        try:
            until(lambda: len(acknowledged) >= UPLOADERS, 120)
            kept.document_ids += acknowledged
            done = mootion(dict(running.environment), "backup", str(backup))
        finally:
            stop.set()
        for each in loads:
            each.result()
    assert done.returncode == 0, done.stderr
    return kept


def restore(environment: dict[str, str], backup: Path) -> None:
    done = mootion(environment, "restore", str(backup))
    assert done.returncode == 0, done.stderr


def check(again: AnySystem, kept: Kept) -> None:
    for each in kept.document_ids:
        until(partial(is_ready, again, each), 240)
    assert get(again, f"/v1/quizzes/{kept.quiz['quizId']}")["quiz"] == kept.quiz
    assert get(again, f"/v1/videos/{kept.video['videoId']}")["video"]["documentId"] == kept.document_ids[0]
    until(lambda: bool(get(again, "/v1/search?query=sound").get("hits")), 120)
    found = mootion(dict(again.environment), "reconcile", "--dry-run", "--json")
    assert found.returncode == 0, found.stderr
    uploads = json.loads(found.stdout)["blobs"]["uploads"]
    assert uploads["missing"] == []
    assert uploads["checked"] >= len(kept.document_ids)


def test_a_backup_under_load_holds_what_was_acknowledged(tmp_path: Path) -> None:
    running, backup = local.start(tmp_path / "first", render_workers=0), tmp_path / "backup"
    environment = dict(running.environment)
    kept = backed_up_under_load(running, backup)
    assert running.stop() == 0
    refused = mootion(environment, "restore", str(backup))
    assert (refused.returncode, "there already" in refused.stderr) == (1, True), refused.stderr
    restored = {**environment, "MOOTION_DATA_DIR": str(tmp_path / "second")}
    restore(restored, backup)
    assert keys_of(tmp_path / "second") == keys_of(tmp_path / "first" / "data")
    again = local.start_again(restored, tmp_path / "first")
    try:
        check(again, kept)
    finally:
        assert again.stop() == 0


def test_a_backup_of_real_servers_under_load_holds_what_was_acknowledged(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    template: str = request.getfixturevalue("postgres_template")
    backup, workers = tmp_path / "backup", ("documents",)
    first = full_system.prepared(tmp_path / "first", workers=workers, engines=real_stores(request, template))
    with full_system.running(first):
        kept = backed_up_under_load(first, backup)
        assert first.stop() == 0
    refused = mootion(dict(first.environment), "restore", str(backup))
    assert (refused.returncode, "empty" in refused.stderr) == (1, True), refused.stderr
    second = full_system.prepared(tmp_path / "second", workers=workers, engines=real_stores(request))
    restore(dict(second.environment), backup)
    assert keys_of(tmp_path / "second" / "data") == keys_of(tmp_path / "first" / "data")
    with full_system.running(second):
        check(second, kept)


def keys_of(data: Path) -> dict[str, bytes]:
    """What signs and seals, each readable by its owner only."""
    found = list((data / "keys").iterdir())
    assert found
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
    return {path.name: path.read_bytes() for path in found}


def test_a_damaged_backup_changes_nothing(tmp_path: Path) -> None:
    target = {"MOOTION_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    done = mootion(target, "restore", str(tmp_path))
    assert (done.returncode, "no backup" in done.stderr) == (1, True)
    assert not (tmp_path / "data" / "mootion.db").exists()
