"""Every test here runs with a temporary folder of its own, and proves that nothing stays in it or runs on."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from workers.documents.failures import DocumentFailure
from workers.documents.sandbox import ReadDocument, read_document


@pytest.fixture(autouse=True)
def nothing_left_behind(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Fails the test when a child process or a temporary file outlives it."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    assert list(folder.iterdir()) == []
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


@pytest.fixture
def read() -> Callable[[Path], ReadDocument]:
    """Reads a file with a child of its own."""
    return lambda path: read_document(path, path.name, "document-1")


@pytest.fixture
def failure_of() -> Callable[[Path], DocumentFailure]:
    """The failure that reading a file ends in."""

    def failure(path: Path) -> DocumentFailure:
        with pytest.raises(DocumentFailure) as caught:
            read_document(path, path.name, "document-1")
        return caught.value

    return failure


def text_of(read: ReadDocument) -> str:
    """The document's text: its passages parted by two newlines."""
    return "\n\n".join(passage.text for passage in read.passages)
