"""The stubs in `gen/`, made by protoc. Imports nothing generated, so that it works when the stubs are missing.

python -m mesh.derive.stubs
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PLUGINS = ("python_out", "grpc_python_out", "mypy_out", "mypy_grpc_out")


class StubsError(Exception):
    """protoc refused the contracts; the message is its own."""


def make(root: Path) -> dict[str, bytes]:
    """Every stub by its path below `root`.

    Raises:
        StubsError: protoc failed.
    """
    with tempfile.TemporaryDirectory(prefix="mootion-stubs-") as folder:
        outputs = [f"--{plugin}={folder}" for plugin in _PLUGINS]
        command = [sys.executable, "-m", "grpc_tools.protoc", "-I", "protos", "-I", "protos/vendor", *outputs]
        done = subprocess.run(
            [*command, *_sources(root)],
            cwd=root,
            env=_with_plugins(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StubsError(done.stderr.strip() or done.stdout.strip())
        made = Path(folder)
        return {f"gen/{path.relative_to(made)}": path.read_bytes() for path in _files(made)}


def checked_in(root: Path) -> set[str]:
    """Paths of the stubs that are there."""
    return {str(path.relative_to(root)) for path in _files(root / "gen")}


def _sources(root: Path) -> list[str]:
    """Our own contracts and buf's rules; stubs of google's come with their packages."""
    protos = root / "protos"
    ours = [path.relative_to(protos) for path in protos.glob("mootion/**/*.proto")]
    rules = [path.relative_to(protos / "vendor") for path in protos.glob("vendor/buf/**/*.proto")]
    return sorted(map(str, [*ours, *rules]))


def _with_plugins() -> dict[str, str]:
    """protoc looks for its plugins on the path."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")]),
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".pyi"))


def write(root: Path, files: dict[str, bytes]) -> list[str]:
    """Writes what differs and returns its paths."""
    changed = []
    for name, content in files.items():
        path = root / name
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            changed.append(name)
    return changed


def main() -> None:
    """Writes the stubs of the project in the working directory and removes those without a contract."""
    root = Path.cwd()
    try:
        files = make(root)
    except StubsError as error:
        sys.exit(str(error))
    for name in checked_in(root) - files.keys():
        (root / name).unlink()
        print(f"removed {name}")
    for name in write(root, files):
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
