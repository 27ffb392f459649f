"""The Envoy process: it ends with its parent, drains, and says why it did not start."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from gateway.edge import Edge
from mesh.config import Settings
from tests.integration.edge.edge_running import Running, running_edge, settings_in
from tests.stopwatch import Stopwatch


def test_envoy_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = _foreground(settings_in(tmp_path))
    envoy = _child(parent)
    parent.kill()
    parent.wait()
    _gone, alive = psutil.wait_procs([envoy], timeout=60)
    assert alive == []


def test_sigterm_ends_the_foreground_edge_cleanly(tmp_path: Path) -> None:
    parent = _foreground(settings_in(tmp_path))
    envoy = _child(parent)
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(60) == 0
    assert not envoy.is_running()


def test_a_call_in_flight_finishes_while_the_edge_drains(tmp_path: Path) -> None:
    with running_edge(tmp_path) as running:
        running.until_healthy()
        connection = running.connect()
        connection.request("GET", "/v1/documents/d1:watch?after_sequence=2")
        response = connection.getresponse()
        assert response.readline().startswith(b"data: ")
        assert _admin(running, "POST", "/healthcheck/fail") == 200
        assert running.call("GET", "/healthz").status == 503
        running.step()
        assert response.read() == b"\n"


async def test_stop_waits_for_no_longer_than_it_is_told(tmp_path: Path) -> None:
    edge = Edge(settings_in(tmp_path))
    await edge.start()
    with Stopwatch() as watch:
        await asyncio.gather(edge.stop(1.0), asyncio.sleep(0))
        await edge.stop()
    assert watch.seconds < 3


def _foreground(settings: Settings) -> "subprocess.Popen[bytes]":
    env = {
        **os.environ,
        "MOOTION_DATA_DIR": str(settings.data_dir),
        "MOOTION_EDGE_PORT": str(settings.edge_port),
        "MOOTION_EDGE_ADMIN_PORT": str(settings.edge_admin_port),
        "MOOTION_GRPC_PORT": str(settings.grpc_port),
        "MOOTION_METRICS_PORT": "0",
    }
    process = subprocess.Popen([sys.executable, "-m", "gateway"], env=env, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert b"The edge listens on http://localhost:" in process.stderr.readline()
    return process


def _child(parent: "subprocess.Popen[bytes]") -> psutil.Process:
    (envoy,) = psutil.Process(parent.pid).children()
    assert "envoy" in envoy.name()
    return envoy


def _admin(running: Running, verb: str, path: str) -> int:
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", running.settings.edge_admin_port, timeout=60)
    connection.request(verb, path)
    return connection.getresponse().status
