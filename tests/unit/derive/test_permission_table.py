"""The permission table lists every method with what its contract says."""

from mesh.derive.contracts import Contracts
from mesh.derive.permissions import table


def test_every_method_has_a_row_in_the_section_of_its_service(contracts: Contracts) -> None:
    sections = {part.splitlines()[0]: part for part in table(contracts).split("\n## ")[1:]}
    for method in contracts.methods:
        assert f"| `{method.descriptor.name}`" in sections[method.service]


def test_a_row_says_path_role_callers_deadline_limits_and_size(contracts: Contracts) -> None:
    row = next(line for line in table(contracts).splitlines() if line.startswith("| `UploadDocument`"))
    assert row == (
        "| `UploadDocument` ⇡ | `POST /v1/documents:upload` | STUDENT | edge | 120 s | 100 in 60 s a principal "
        "| — | — | 100 MiB |"
    )


def test_a_method_for_workers_has_no_rest_path(contracts: Contracts) -> None:
    row = next(line for line in table(contracts).splitlines() if line.startswith("| `ReportProgress`"))
    assert row.startswith("| `ReportProgress` | — | SERVICE | document-worker | 5 s |")
