"""Every test here runs with a temporary folder of its own, and proves that nothing stays in it or runs on."""

import os
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
    assert _since(before) == []


def _since(before: set[int]) -> list[int]:
    """Processes that this one has started, and they. What servers of other tests start meanwhile is theirs."""
    found, mine = [], {os.getpid()}
    for child in psutil.Process().children(recursive=True):
        try:
            parent = child.ppid()
        except psutil.NoSuchProcess:
            continue
        if child.pid not in before and parent in mine:
            mine.add(child.pid)
            found.append(child.pid)
    return found


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
