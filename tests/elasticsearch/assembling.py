"""Assembles the test node from the jars that its makers publish, once for each state of this folder."""

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ground.server import ServerMissing

FOLDER = Path(__file__).parent
SOURCES = ("pom.xml", "src/main/java/**/*.java")
# Class files of this version are asked for in pom.xml; Elasticsearch 9 needs it too.
OLDEST_JAVA = 21
SECONDS = 240


@functools.cache
def assembled() -> Path:
    """The folder with `classes` and `jars` of the node, made by Maven where it is not there yet.

    Raises:
        ServerMissing: Maven or a fitting JDK is missing, or Maven Central is out of reach.
    """
    home = jdk()
    maven = shutil.which("mvn")
    if maven is None:
        raise ServerMissing("the Elasticsearch test node needs Maven (mvn), which is not installed")
    made = _cache() / _fingerprint()
    made.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(made.with_suffix(".lock")):
        if not made.is_dir():
            _assemble(maven, home, made)
    return made


@functools.cache
def jdk() -> Path:
    """The home of the newest JDK here that can compile and run the node.

    Raises:
        ServerMissing: there is none.
    """
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    compiler = shutil.which("javac")
    homes += [Path(compiler).resolve().parent.parent] if compiler else []
    homes += Path("/usr/lib/jvm").glob("*")
    fitting = [(version, home) for home in homes if (version := _version(home)) >= OLDEST_JAVA]
    if not fitting:
        raise ServerMissing(
            f"the Elasticsearch test node needs a JDK from {OLDEST_JAVA} on, and none is installed"
        )
    return max(fitting)[1]


def _version(home: Path) -> int:
    release = home / "release"
    if not release.is_file() or not (home / "bin" / "javac").is_file():
        return 0
    found = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE)
    return int(found.group(1)) if found else 0


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mootion" / "elasticsearch-node"


def _fingerprint() -> str:
    digest = hashlib.sha256(str(_version(jdk())).encode())
    for path in sorted(path for pattern in SOURCES for path in FOLDER.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _assemble(maven: str, home: Path, made: Path) -> None:
    with tempfile.TemporaryDirectory(dir=made.parent) as folder:
        build = Path(folder) / "node"
        command = [maven, "-q", "-B", "-f", str(FOLDER / "pom.xml"), f"-Dnode.build={build}", "compile"]
        environment = os.environ | {"JAVA_HOME": str(home)}
        try:
            ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ServerMissing(
                f"Maven did not assemble the Elasticsearch test node in {SECONDS} s"
            ) from error
        if ran.returncode:
            errors = re.findall(r"\[ERROR\] (.+)", ran.stdout + ran.stderr)
            raise ServerMissing(
                f"Maven cannot assemble the Elasticsearch test node: {' '.join(errors)[:300]}"
            )
        build.rename(made)
