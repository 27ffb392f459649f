"""Changes for which there were no descriptors are refused as such, and the index takes every change afterwards."""

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from mesh.ports.failures import DescriptorsExhausted, StorageFull
from mesh.ports.index import Entry, Replacement
from mesh.ports.index_failures import typed_index_errors
from mesh.ports.index_tantivy import TantivyIndex

MOST = 256


def document(name: str) -> Replacement:
    entry = Entry("DOCUMENT", name, "ada", name, f"About {name}", "Sound is a wave.")
    return Replacement(["DOCUMENT"], ids=[name], entries=[entry])


@contextmanager
def descriptors_left(count: int) -> Iterator[None]:
    """So many more files can be opened while the block lasts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(MOST, soft), hard))
    with ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        held: list[int] = []
        try:
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            for _ in range(count):
                os.close(held.pop())
        for each in held:
            opened.callback(os.close, each)
        yield


@pytest.mark.parametrize("left", [0, 1, 2, 4])
async def test_an_index_that_could_open_no_file_takes_changes_again(tmp_path: Path, left: int) -> None:
    index = TantivyIndex(tmp_path)
    await index.replace(document("before"))
    with descriptors_left(left):
        for name in ("one", "two", "three"):
            with pytest.raises(DescriptorsExhausted, match="ulimit"):
                await index.replace(document(name))
    for name in ("one", "after"):
        await index.replace(document(name))
    assert sorted(await index.documents("ada")) == ["after", "before", "one"]
    await index.close()


def test_a_full_disk_is_told_from_a_bad_change() -> None:
    with pytest.raises(StorageFull, match="no room"), typed_index_errors():
        raise ValueError("IoError { io_error: Os { code: 28, kind: StorageFull } }")
    with pytest.raises(ValueError, match="field"), typed_index_errors():
        raise ValueError("a field is missing")
