"""Folders of a blob store, which other threads and processes make and remove at the same time."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

ATTEMPTS = 20


class NotAFolder(Exception):
    """A file stands where a folder would have to be, or the other way round."""


def move_into_place(source: Path, target: Path, root: Path) -> None:
    """Renames a file, making the folders of the target, and returns when all that is on the disk.

    Raises:
        NotAFolder: the target is a folder, or one of its folders is a file.
    """
    for _ in range(ATTEMPTS):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _rename(source, target, (*_between(target, root), root))
            return
        except (FileExistsError, NotADirectoryError, FileNotFoundError, IsADirectoryError) as error:
            # Without a file in the way, somebody else removed an empty folder in between.
            if target.is_dir() or any(folder.is_file() for folder in _between(target, root)):
                raise NotAFolder(target.relative_to(root).as_posix()) from error
    raise FileNotFoundError(f"the folder of {target.name!r} vanished {ATTEMPTS} times")


def _rename(source: Path, target: Path, folders: Iterable[Path]) -> None:
    """Brings the entries of the folders to the disk, too. They are opened first: where that fails, nothing is moved."""
    with ExitStack() as opened:
        descriptors = []
        for folder in folders:
            descriptors.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
            opened.callback(os.close, descriptors[-1])
        os.rename(source, target)
        for descriptor in descriptors:
            os.fsync(descriptor)


def remove(path: Path, root: Path) -> None:
    """Removes a file, and the folders it leaves empty. What is not there or is a folder stays as it is."""
    try:
        path.unlink(missing_ok=True)
    except (NotADirectoryError, IsADirectoryError):
        return
    for folder in _between(path, root):
        try:
            folder.rmdir()
        except OSError:
            return


def _between(path: Path, root: Path) -> Iterator[Path]:
    """The folders of a path below the root, the innermost first."""
    for folder in path.parents:
        if folder == root:
            return
        yield folder
