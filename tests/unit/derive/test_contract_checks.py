"""`make check` fails on a method without policy, a service missing somewhere, and a stale generated file."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mesh.derive import __main__ as command
from mesh.derive import check

ROOT = Path(__file__).parents[3]
GET_DOCUMENT_POLICY = """    option (google.api.http) = {get: "/v1/documents/{document_id}"};
    option (mootion.policy.v1.method) = {
      least_role: ACCESS_ROLE_STUDENT
      callers: [
        "edge",
        "flowchart",
        "quiz",
        "search",
        "video",
        "answer"
      ]
      deadline: {seconds: 5}
      retry: {
        max_attempts: 3
        initial_backoff: {nanos: 50000000}
      }
    };
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the contract checks look at."""
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in ("protos", "gen", "gateway", "deploy"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs/permissions.md", tmp_path / "docs")
    for main in (ROOT / "services").glob("*/__main__.py"):
        (tmp_path / "services" / main.parent.name).mkdir(parents=True)
        shutil.copy(main, tmp_path / "services" / main.parent.name)
    return tmp_path


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_an_untouched_copy_passes_and_comparisons_without_git_say_why_they_are_skipped(project: Path) -> None:
    outcomes = {outcome.name: outcome for outcome in check.run(project, check.CONTRACT_CHECKS)}
    assert {name: outcome.findings for name, outcome in outcomes.items() if outcome.findings} == {}
    for name in ("buf breaking", "loosened access"):
        assert outcomes[name].skipped == "there is no branch main to compare with"


def test_a_method_without_policy_fails(project: Path) -> None:
    contract = project / "protos/mootion/document/v1/document_service.proto"
    _edit(contract, GET_DOCUMENT_POLICY, GET_DOCUMENT_POLICY.splitlines(keepends=True)[0])
    outcome = check.linter(project)
    assert outcome.findings == [
        "mootion.document.v1.DocumentService.GetDocument has no policy; add `option (mootion.policy.v1.method)`."
    ]
    assert command.report([outcome]) == 1


def test_a_service_missing_from_the_edge_fails(project: Path) -> None:
    path = project / "gateway/envoy.json"
    config = json.loads(path.read_text())
    resources = config["staticResources"]
    resources["clusters"] = [one for one in resources["clusters"] if one["name"] != "quiz"]
    path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    outcome = check.closed_list(project)
    assert outcome.findings == [
        "the service quiz has a contract but is missing from the edge (gateway/envoy.json)."
    ]
    assert command.report([outcome]) == 1


def test_a_contract_without_a_service_folder_fails(project: Path) -> None:
    shutil.rmtree(project / "services/search")
    assert check.closed_list(project).findings == [
        "the service search has a contract but is missing from services/."
    ]


def test_a_service_folder_without_a_contract_fails(project: Path) -> None:
    (project / "services/cellar").mkdir()
    (project / "services/cellar/__main__.py").write_text("")
    assert check.closed_list(project).findings == ["the service cellar is in services/ but has no contract."]


def test_changed_generated_files_are_stale(project: Path) -> None:
    names = [
        "docs/permissions.md",
        "gateway/envoy.json",
        "gateway/mootion.binpb",
        "gateway/openapi.json",
        "gen/mootion/quiz/v1/quiz_pb2.py",
        "gen/mootion/quiz/v1/quiz_service_pb2_grpc.pyi",
    ]
    for name in names:
        (project / name).write_bytes((project / name).read_bytes() + b"\n")
    outcome = check.stale_files(project)
    assert outcome.findings == [f"stale generated file: {name}; run make gen" for name in names]
    assert command.report([outcome]) == 1


def test_a_missing_and_an_orphaned_stub_are_stale(project: Path) -> None:
    (project / "gen/mootion/quiz/v1/quiz_pb2.pyi").unlink()
    (project / "gen/mootion/quiz/v1/gone_pb2.py").write_text("")
    assert check.stale_files(project).findings == [
        "stale generated file: gen/mootion/quiz/v1/gone_pb2.py; run make gen",
        "stale generated file: gen/mootion/quiz/v1/quiz_pb2.pyi; run make gen",
    ]


def test_a_changed_contract_makes_what_is_derived_from_it_stale(project: Path) -> None:
    contract = project / "protos/mootion/quiz/v1/quiz_service.proto"
    _edit(contract, "deadline: {seconds: 120}", "deadline: {seconds: 90}")
    stale = {finding.split(": ")[1].split(";")[0] for finding in check.stale_files(project).findings}
    assert {
        "docs/permissions.md",
        "gateway/envoy.json",
        "gateway/mootion.binpb",
        "gateway/openapi.json",
    } <= stale


def test_contracts_that_cannot_be_read_are_a_finding_and_no_crash(project: Path) -> None:
    (project / "protos/mootion/quiz/v1/quiz.proto").write_text("no proto")
    (outcome,) = check.run(project, [check.linter])
    assert "quiz.proto" in outcome.findings[0]


@pytest.fixture
def repository(project: Path) -> Path:
    """The copy as a git repository with all of it on main."""
    for arguments in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "buf.yaml", "protos"],
        ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "--quiet", "-m", "contracts"],
    ):
        subprocess.run(["git", *arguments], cwd=project, check=True)
    return project


def test_nothing_is_breaking_where_nothing_changed(repository: Path) -> None:
    for outcome in check.run(repository, [check.buf_breaking, check.access]):
        assert (list(outcome.findings), outcome.skipped) == ([], "")


def test_a_field_that_is_taken_out_is_breaking(repository: Path) -> None:
    contract = repository / "protos/mootion/search/v1/search_service.proto"
    _edit(contract, "  int32 page = 8;\n", "")
    assert "Hit" in " ".join(check.buf_breaking(repository).findings)


def test_a_loosened_access_is_breaking(repository: Path) -> None:
    contract = repository / "protos/mootion/document/v1/processing_service.proto"
    _edit(contract, "least_role: ACCESS_ROLE_SERVICE", "least_role: ACCESS_ROLE_STUDENT")
    (finding,) = check.access(repository).findings
    assert finding.endswith("asked for the role SERVICE and now for STUDENT: a loosened access is breaking.")


def test_a_main_without_contracts_is_skipped_with_the_reason(project: Path) -> None:
    for arguments in (
        ["init", "--quiet", "--initial-branch", "main"],
        [
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.org",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "empty",
        ],
    ):
        subprocess.run(["git", *arguments], cwd=project, check=True)
    assert check.buf_breaking(project).skipped == "main has no contracts yet"
