"""gRPC is told of its ciphers before it is loaded, wherever a process of the mesh begins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mesh.certificates import tls13

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("package", ["cli", "services"])
def test_the_first_package_of_a_process_sets_the_ciphers_before_grpc_is_loaded(package: str) -> None:
    code = f"import sys, os, {package}; print('grpc' in sys.modules, os.environ.get({tls13.VARIABLE!r}))"
    kept = {name: value for name, value in os.environ.items() if name != tls13.VARIABLE}
    for folder, expected in (("/etc/tls", tls13.RSA_ONLY), ("", None)):
        said = subprocess.run(
            [sys.executable, "-c", code],
            env={**kept, "MOOTION_TLS_DIR": folder},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        assert said == f"False {expected}"


def test_what_the_operator_chose_stays() -> None:
    environment = {"MOOTION_TLS_DIR": "/etc/tls", tls13.VARIABLE: "ECDHE-RSA-CHACHA20-POLY1305"}
    tls13.prepare(environment)
    assert environment[tls13.VARIABLE] == "ECDHE-RSA-CHACHA20-POLY1305"
