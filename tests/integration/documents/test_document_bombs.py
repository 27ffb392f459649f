"""Hostile files end in a clean failure or are read, within the limits of the child (S3)."""

import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from mootion.errors.v1 import reason_pb2

from tests.integration.documents.made_bombs import DOCX_BOMBS, PDF_BOMBS
from workers.documents.failures import DocumentFailure
from workers.documents.sandbox import read_document

REASONS = {name.removeprefix("REASON_") for name in reason_pb2.Reason.DESCRIPTOR.values_by_name}
CPU_SECONDS = 11.0


def cpu_seconds() -> float:
    """Processor time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("make", PDF_BOMBS + DOCX_BOMBS, ids=lambda make: make.__name__)
def test_a_hostile_file_is_read_or_refused_within_its_limits(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = make(tmp_path / "upload")
    before = cpu_seconds()
    try:
        found = read_document(path, "upload.pdf", "document-1")
    except DocumentFailure as failure:
        assert failure.reason in REASONS
        assert failure.message.count(".") == 1
        assert str(tmp_path) not in failure.message
    else:
        assert found.passages
        assert all("root:" not in passage.text for passage in found.passages)
    assert cpu_seconds() - before <= CPU_SECONDS
    assert {entry.name for entry in tmp_path.iterdir()} == {"upload"}
    assert not Path("/mootion-slip").exists()


def test_there_are_at_least_thirty_hostile_files() -> None:
    assert len(PDF_BOMBS + DOCX_BOMBS) >= 30
