"""What a reading child can do to the machine when a document has taken it over: nothing."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.documents import made_files as made
from workers.documents import bubblewrap
from workers.documents.child_process import Child
from workers.documents.sandbox import read_document

needs_wall = pytest.mark.skipif(
    not bubblewrap.is_usable(),
    reason="bubblewrap (Debian package bubblewrap) is missing or may make no namespaces",
)
ROOT, NO_FILTER = Path(__file__).parents[3], 77
# Tries whatever its arguments name and tells which of it worked.
ATTACKER = """
import json, os, socket, sys
port, listening, secret, folder = int(sys.argv[1]), *sys.argv[2:5]

def connect(family, address):
    with socket.socket(family) as found:
        found.settimeout(2)
        found.connect(address)

def write(path):
    with open(path, "x") as file:
        file.write("here")

tried = {
    "reach loopback": lambda: connect(socket.AF_INET, ("127.0.0.1", port)),
    "reach another machine": lambda: connect(socket.AF_INET, ("192.0.2.1", 53)),
    "reach a socket file": lambda: connect(socket.AF_UNIX, listening),
    "read a secret": lambda: open(secret).read(),
    "read the data of its parent": lambda: open(f"/proc/{os.getppid()}/environ").read() or 1 / 0,
    "write where it was started": lambda: write(folder + "/written"),
    "write to /tmp": lambda: write("/tmp/mootion-written"),
    "write to the program": lambda: os.chmod(sys.argv[5], 0o644),
    "remove a secret": lambda: os.unlink(secret),
    "see other processes": lambda: [p for p in os.listdir("/proc") if p.isdigit() and int(p) > 100][0],
    "start a process": lambda: os.fork() or os._exit(0),
    "make a folder": lambda: os.mkdir(folder + "/made"),
    "change an open file": lambda: os.truncate(os.open(secret, os.O_RDONLY), 0),
    "signal another process": lambda: os.kill(int(sys.argv[6]), 0),
}
done = []
for name, act in tried.items():
    try:
        act()
    except (OSError, IndexError, ZeroDivisionError):
        continue
    done.append(name)
print(json.dumps(done))
"""


FILTERED = """
import sys
sys.path.insert(0, sys.argv[7])
import socket
from workers.documents.isolation import forbid_all_but_reading
if not forbid_all_but_reading():
    sys.exit(77)
"""


def attack(folder: Path, *, walled: bool = False, filtered: bool = False) -> list[str]:
    secret = folder / "data.key"
    secret.write_text("a key")
    listening = folder / "listening"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as local,
    ):
        local.bind(str(listening))
        local.listen()
        script = FILTERED + ATTACKER if filtered else ATTACKER
        command = [sys.executable, "-I", "-S", "-c", script, str(server.getsockname()[1]), str(listening)]
        command += [str(secret), str(folder), bubblewrap.__file__, str(os.getpid()), str(ROOT)]
        shown = subprocess.run(
            bubblewrap.walled(command) if walled else command,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={},
        )
    if shown.returncode == NO_FILTER:
        pytest.skip("this machine has no system call filter")
    assert shown.returncode == 0, shown.stderr
    done: list[str] = json.loads(shown.stdout)
    return done


@needs_wall
def test_a_child_behind_the_wall_reaches_no_network_reads_no_secret_and_writes_nothing(
    tmp_path: Path,
) -> None:
    assert attack(tmp_path, walled=True) == ["start a process"]
    assert (tmp_path / "data.key").exists()


def test_the_filter_alone_leaves_a_child_nothing_but_reading(tmp_path: Path) -> None:
    done = set(attack(tmp_path, filtered=True))
    assert done <= {"read a secret", "read the data of its parent", "see other processes"}
    assert (tmp_path / "data.key").read_text() == "a key"
    assert not (tmp_path / "written").exists()


def test_a_filtered_child_still_has_threads_memory_and_its_output() -> None:
    script = FILTERED.replace("sys.argv[7]", "sys.argv[1]") + (
        "import mmap, threading\n"
        "memory = mmap.mmap(-1, 1 << 20)\n"
        "thread = threading.Thread(target=lambda: memory.write(b'x'))\n"
        "thread.start(); thread.join()\n"
        "print(open(sys.argv[1] + '/pyproject.toml').read()[:1] != '', flush=True)"
    )
    command = [sys.executable, "-I", "-S", "-c", script, str(ROOT)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    if shown.returncode == NO_FILTER:
        pytest.skip("this machine has no system call filter")
    assert (shown.stdout, shown.returncode) == ("True\n", 0), shown.stderr


def test_the_same_attack_without_a_wall_gets_through(tmp_path: Path) -> None:
    try:
        done = attack(tmp_path, walled=False)
    finally:
        Path("/tmp/mootion-written").unlink(missing_ok=True)
    assert {"reach loopback", "reach a socket file", "read a secret", "write where it was started"} <= set(
        done
    )
    assert not (tmp_path / "data.key").exists()


@needs_wall
def test_the_child_that_reads_documents_stands_behind_the_wall(tmp_path: Path) -> None:
    child = Child()
    try:
        command: Any = child._process.args
        inner = psutil.Process(child.pid)
        deadline = time.monotonic() + 60
        while not inner.children() and time.monotonic() < deadline:
            time.sleep(0.02)
        networks = {os.readlink(f"/proc/{pid}/ns/net") for pid in ("self", inner.children()[0].pid)}
    finally:
        child.kill()
    assert Path(command[0]).name == "bwrap"
    assert len(networks) == 2
    assert read_document(made.chapter(tmp_path / "a.pdf"), "a.pdf", "document-1").passages


def test_documents_are_read_where_there_is_no_bubblewrap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = read_document(made.chapter(tmp_path / "a.pdf"), "a.pdf", "document-1")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    bubblewrap._usable.cache_clear()
    try:
        assert not bubblewrap.is_usable()
        without = read_document(tmp_path / "a.pdf", "a.pdf", "document-1")
    finally:
        bubblewrap._usable.cache_clear()
    assert without.passages == behind.passages


def test_a_bubblewrap_that_may_make_no_namespaces_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(refusing))
    bubblewrap._usable.cache_clear()
    try:
        assert bubblewrap.walled(["true"]) == ["true"]
    finally:
        bubblewrap._usable.cache_clear()
