"""What the contracts say is read once, in one place, and a method without a policy is nobody's."""

import ast
import gc
import subprocess
import sys
from pathlib import Path

import pytest
from mootion.policy.v1 import policy_pb2

from mesh import policy
from mesh.policy import Idempotency, PolicyMissing

ROOT = Path(__file__).parents[3]
UPLOAD = "/mootion.document.v1.DocumentService/UploadDocument"
GET = "/mootion.document.v1.DocumentService/GetDocument"


def test_every_method_of_every_contract_is_known_and_complete() -> None:
    methods = policy.all_methods()
    protos = {
        line.split()[1].partition("(")[0]
        for proto in (ROOT / "protos" / "mootion").glob("*/v1/*_service.proto")
        for line in proto.read_text().splitlines()
        if line.startswith("  rpc ")
    }
    assert protos <= {method.path.rpartition("/")[2] for method in methods}
    assert [method.path for method in methods] == sorted(method.path for method in methods)
    assert all(method.deadline_seconds > 0 and method.callers for method in methods)


def test_a_method_says_what_its_contract_says() -> None:
    upload, get = policy.method(UPLOAD), policy.method(GET)
    assert (upload.service, upload.full_name) == (
        "document",
        "mootion.document.v1.DocumentService.UploadDocument",
    )
    assert (upload.client_streaming, upload.server_streaming) == (True, False)
    assert upload.max_request_bytes >= 100 * 1024 * 1024
    assert upload.creates_once
    assert not get.creates_once
    assert get.idempotency is Idempotency.NO_SIDE_EFFECTS
    assert get.max_request_bytes == policy.DEFAULT_MAX_REQUEST_BYTES
    assert [rule.get for rule in get.http_rules] == ["/v1/documents/{document_id}"]
    assert policy.method_policy(GET).least_role == policy_pb2.ACCESS_ROLE_STUDENT


def test_a_path_that_no_contract_describes_has_no_policy() -> None:
    with pytest.raises(PolicyMissing, match="QuizService/Cheat"):
        policy.method_policy("/mootion.quiz.v1.QuizService/Cheat")


def test_policies_are_read_even_where_options_were_looked_at_before_their_extension_was_known() -> None:
    program = (
        "from mootion.search.v1 import search_service_pb2 as search\n"
        "service = search.DESCRIPTOR.services_by_name['SearchService']\n"
        "[method.GetOptions() for method in service.methods]\n"
        "from mesh import policy\n"
        "assert all(method.callers for method in policy.methods_of(service))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_nothing_else_in_the_mesh_reads_options() -> None:
    # Finalizers that run in the midst of parsing confuse the parser of this version about its depth.
    gc.collect()
    readers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("mesh", "services", "workers", "cli")
        for path in (ROOT / folder).rglob("*.py")
        if "derive" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "GetOptions"
    }
    assert readers == {"mesh/policy.py"}
