"""A stream that takes nothing ends no work, and what it did not take is told of."""

import errno
import io
import json
import logging

import structlog

from mesh.logs import Lines, configure


class Disk(io.StringIO):
    """A file on a disk that is full for a time."""

    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def events(disk: Disk) -> list[tuple[str, object]]:
    return [(line["event"], line.get("lines")) for line in map(json.loads, disk.getvalue().splitlines())]


def test_a_full_disk_is_told_of_once_there_is_room_again() -> None:
    disk = Disk()
    configure("info", "toy", disk)
    log = structlog.get_logger()
    log.info("before")
    disk.is_full = True
    log.error("lost")
    logging.getLogger("library").error("lost too")
    disk.is_full = False
    log.info("after")
    log.info("later")
    assert events(disk) == [("before", None), ("log_lines_refused", 2), ("after", None), ("later", None)]


def test_lines_are_written_in_order() -> None:
    disk = Disk()
    lines = Lines(disk)
    lines.write("a\n")
    lines.write("b\n")
    assert disk.getvalue() == "a\nb\n"
