"""The command as a person at a terminal or a script uses it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import system as local
from tests.e2e.calls import SAMPLE
from tests.stopwatch import Stopwatch


def mootion(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def env(system: local.LocalSystem) -> dict[str, str]:
    return dict(system.environment)


def test_the_demo_makes_everything_and_says_where_it_is(
    env: dict[str, str], system: local.LocalSystem
) -> None:
    done = mootion("demo", str(SAMPLE), "--json", env=env)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["video"]["state"] == "COMPLETED"
    assert made["attempt"]["score"] > 0
    assert made["answer"]["sentences"][0]["citations"]
    assert len(made["flowchart"]["nodes"]) >= 15
    assert made["links"]["Video"].startswith(f"http://localhost:{system.edge_port}/v1/videos/")


def test_the_demo_of_an_unreadable_file_ends_with_its_reason(env: dict[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(SAMPLE.read_bytes()[:2000])
    done = mootion("demo", str(broken), env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert "DOCUMENT_UNREADABLE" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_system_on_the_same_data_is_refused(env: dict[str, str]) -> None:
    done = mootion("up", env=env)
    assert done.returncode == 1
    assert "already" in done.stderr


def test_doctor_finds_a_running_system_in_order(env: dict[str, str]) -> None:
    done = mootion("doctor", "--json", env=env)
    findings = {each["name"]: each for each in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    assert findings["Envoy (edge)"]["ok"]


def test_doctor_says_what_is_wrong_and_what_to_do(env: dict[str, str], tmp_path: Path) -> None:
    taken = {**env, "MOOTION_DATA_DIR": str(tmp_path / "other")}
    done = mootion("doctor", env=taken)
    assert done.returncode == 1
    assert "MOOTION_EDGE_PORT" in done.stdout


def test_wrong_settings_are_all_named_at_once(env: dict[str, str]) -> None:
    done = mootion("up", env={**env, "MOOTION_EDGE_PORT": "many", "MOOTION_LOG_LEVEL": "loud"})
    assert done.returncode == 2
    assert "MOOTION_EDGE_PORT" in done.stderr
    assert "MOOTION_LOG_LEVEL" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_service_is_answered_with_the_known_ones(env: dict[str, str]) -> None:
    done = mootion("serve", "nothing", env=env)
    assert done.returncode == 2
    assert "document" in done.stderr


def test_every_command_has_an_example(env: dict[str, str]) -> None:
    for command in ("up", "down", "demo", "serve", "worker", "edge", "doctor"):
        assert "Example" in mootion(command, "--help", env=env).stdout


def test_two_interrupts_stop_everything_at_once(tmp_path: Path) -> None:
    running = local.start(tmp_path)
    workers = running.children("workers.")
    for _ in range(2):
        os.kill(running.process.pid, signal.SIGINT)
        time.sleep(0.3)
    with Stopwatch() as watch:
        code = running.process.wait(timeout=120)
    # The second may meet an interpreter that is ending, which dies of it: that is 130 to a shell, too.
    assert code in (0, 130, -signal.SIGINT)
    assert watch.seconds < 10
    give_up = time.monotonic() + 60
    while any(worker.is_running() for worker in workers) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not [worker for worker in workers if worker.is_running()]
