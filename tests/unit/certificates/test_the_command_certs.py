"""`mootion certs` as it is typed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from cli.certs import pairs
from cli.services import service_names
from mesh import policy

runner = CliRunner()


def test_every_service_and_every_caller_of_a_contract_has_a_pair_that_names_it() -> None:
    made = pairs()
    named = {workload for name, workloads in made.items() if name != "mootion" for workload in workloads}
    assert {caller for method in policy.all_methods() for caller in method.callers} <= named
    assert set(service_names()) <= set(made)
    assert {"edge", "cli", "document-worker", "render-worker"} <= set(made)


def test_the_process_of_all_services_names_them_and_no_caller_from_outside() -> None:
    assert set(pairs()["mootion"]) == {"mootion", "media", *service_names()}


def test_one_json_object_tells_what_was_done(tmp_path: Path) -> None:
    command = ["certs", str(tmp_path / "tls"), "--host", "localhost", "--json"]
    first, second = (json.loads(runner.invoke(app, command).stdout) for _ in range(2))
    assert set(first) == {"authority", "edge-server", *pairs()}
    assert {each["done"] for each in first.values()} == {"made"}
    assert {each["done"] for each in second.values()} == {"kept"}


@pytest.mark.parametrize(
    "wrong",
    [["--host", "https://learn.example.org"], ["--host", "a b"], ["--trust-domain", "Up"], ["--days", "0"]],
)
def test_what_cannot_be_in_a_certificate_is_refused(tmp_path: Path, wrong: list[str]) -> None:
    result = runner.invoke(app, ["certs", str(tmp_path / "tls"), *wrong])
    assert result.exit_code == 2
    assert not (tmp_path / "tls").exists()


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = runner.invoke(app, ["certs", str(tmp_path / "file" / "tls")])
    assert result.exit_code == 1
    assert "cannot be written to" in result.stderr
