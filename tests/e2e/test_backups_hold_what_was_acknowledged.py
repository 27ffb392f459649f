"""A backup of a running system under load, restored elsewhere: what was acknowledged before it began is there."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.e2e import system as local
from tests.e2e.calls import SAMPLE, Json, ok, until, upload, upload_and_wait

UPLOADERS = 2


def mootion(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


def load(system: local.LocalSystem, stop: threading.Event, acknowledged: list[str]) -> None:
    """Uploads until told to stop; notes what was acknowledged."""
    with system.client() as client:
        while not stop.is_set():
            document = ok(upload(client, SAMPLE.read_bytes(), f"load-{len(acknowledged)}.pdf"))["document"]
            acknowledged.append(document["documentId"])
            stop.wait(0.2)


def get(system: local.LocalSystem, path: str) -> Json:
    with system.client() as client:
        return ok(client.get(path))


def is_ready(system: local.LocalSystem, document_id: str) -> bool:
    return bool(get(system, f"/v1/documents/{document_id}")["document"]["state"] == "READY")


def test_a_backup_under_load_holds_what_was_acknowledged(tmp_path: Path) -> None:
    running = local.start(tmp_path / "first", render_workers=0)
    environment = dict(running.environment)
    backup, stop, acknowledged = tmp_path / "backup", threading.Event(), list[str]()
    with running.client() as client:
        document_id = upload_and_wait(client, SAMPLE.read_bytes(), SAMPLE.name)["documentId"]
        quiz = ok(client.post("/v1/quizzes:generate", json={"documentId": document_id, "questionCount": 3}))
        video = ok(client.post("/v1/videos", json={"documentId": document_id, "targetDuration": "30s"}))
    with ThreadPoolExecutor(UPLOADERS) as pool:
        loads = [pool.submit(load, running, stop, acknowledged) for _ in range(UPLOADERS)]
        try:
            until(lambda: len(acknowledged) >= UPLOADERS, 60)
            before = [document_id, *acknowledged]
            done = mootion(environment, "backup", str(backup))
        finally:
            stop.set()
        for each in loads:
            each.result()
    assert done.returncode == 0, done.stderr
    assert running.stop() == 0
    refused = mootion(environment, "restore", str(backup))
    assert (refused.returncode, "there already" in refused.stderr) == (1, True), refused.stderr
    restored = {**environment, "MOOTION_DATA_DIR": str(tmp_path / "second")}
    done = mootion(restored, "restore", str(backup))
    assert done.returncode == 0, done.stderr
    again = local.start_again(restored, tmp_path / "first")
    try:
        for each in before:
            until(partial(is_ready, again, each), 120)
        assert get(again, f"/v1/quizzes/{quiz['quiz']['quizId']}")["quiz"] == quiz["quiz"]
        assert get(again, f"/v1/videos/{video['video']['videoId']}")["video"]["documentId"] == document_id
        until(lambda: bool(get(again, "/v1/search?query=sound").get("hits")), 60)
        found = mootion(restored, "reconcile", "--dry-run", "--json")
        assert found.returncode == 0, found.stderr
        counted = json.loads(found.stdout)
        assert counted["blobs"]["uploads"]["missing"] == []
        assert counted["blobs"]["uploads"]["checked"] >= len(before)
    finally:
        assert again.stop() == 0


def test_a_damaged_backup_changes_nothing(tmp_path: Path) -> None:
    target = {"MOOTION_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    done = mootion(target, "restore", str(tmp_path))
    assert (done.returncode, "no backup" in done.stderr) == (1, True)
    assert not (tmp_path / "data" / "mootion.db").exists()
