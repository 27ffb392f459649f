"""The child process that reads one document under limits and reports over its standard output.

Its standard input is a socket, by which one line of JSON and the open document come, so that a parent can start it
before there is work. When the input ends without a line it ends too. Nothing of the parent's environment reaches it.
"""

import gc
import importlib
import json
import os
import select
import socket
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from workers.documents import failures
from workers.documents.extraction import Extract, extract
from workers.documents.failures import DocumentFailure
from workers.documents.frames import DONE, FACTS, FAILURE, OUTLINE, PASSAGES, PROGRESS, RECOGNISE, encode
from workers.documents.isolation import forbid_all_but_reading
from workers.documents.limits import Limits, confine, leave_no_folder
from workers.documents.recognition import Recognition, RecognitionNeeded

_BATCH = 64
_AT_ONCE = 1 << 16
_T = TypeVar("_T")


def main() -> None:
    """Waits for one job, does it, and ends."""
    leave_no_folder()
    gc.disable()  # one document's data has few cycles, and the process ends with it
    if not select.select([sys.stdin], [], [], 0)[0]:
        importlib.import_module("workers.documents.docx_text")  # there is time for what may not be needed
    line, document = _received()
    if line:
        job = json.loads(line)
        confine(Limits(**job["limits"]))
        forbid_all_but_reading()
        # Opened anew by this name, it is read from its start as often as anybody likes.
        job["path"] = f"/proc/self/fd/{document}"
        _Reporter(os.dup(sys.stdout.fileno())).report(job)
        os._exit(0)  # all is sent, and tidying a book's memory up would only take time


def _received() -> tuple[bytes, int]:
    """The line with the job and the descriptor of its document; an empty line when there will be none."""
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as channel:
        line, descriptors, _, _ = socket.recv_fds(channel, _AT_ONCE, 1)
        while line and not line.endswith(b"\n"):
            more = channel.recv(_AT_ONCE)
            line = line + more if more else b""
    return (line, descriptors[0]) if line and descriptors else (b"", -1)


class _Reporter:
    """Sends what is read as messages."""

    def __init__(self, output: int) -> None:
        self._output = output
        self._percent = -1

    def report(self, job: dict[str, Any]) -> None:
        """Reads the job's document and reports the result, the failure, or the pages to recognise."""
        try:
            recognition = job["recognition"] and Recognition(**job["recognition"])
            found = extract(Path(job["path"]), job["filename"], recognition, self._progress)
            self._send_extract(found)
        except RecognitionNeeded as needed:
            self._send(RECOGNISE, [needed.pages, needed.has_text])
        except DocumentFailure as failure:
            self._send(FAILURE, [failure.reason, failure.message, ""])
        except MemoryError:
            self._send(FAILURE, [failures.DOCUMENT_TOO_COSTLY, "", "MemoryError"])
        except (BrokenPipeError, KeyboardInterrupt):
            return
        except Exception:
            self._send(FAILURE, [failures.DOCUMENT_UNREADABLE, "", _trace()])

    def _send_extract(self, found: Extract) -> None:
        facts = {
            "format": found.format,
            "title": found.title,
            "page_count": found.page_count,
            "notices": found.notices,
        }
        self._send(FACTS, facts)
        for headings in _batches(iter(found.outline)):
            self._send(OUTLINE, [[heading.title, heading.level, heading.page] for heading in headings])
        for batch in _batches(found.passages):
            self._send(PASSAGES, [[p.text, p.path, p.start, p.page_spans, p.emphasized] for p in batch])
        self._send(DONE, None)

    def _progress(self, percent: int) -> None:
        if percent > self._percent:
            self._percent = percent
            self._send(PROGRESS, percent)

    def _send(self, kind: str, body: object) -> None:
        data = memoryview(encode(kind, body))
        while data:
            data = data[os.write(self._output, data) :]


def _trace() -> str:
    import traceback

    return traceback.format_exc(limit=-6)


def _batches(items: Iterator[_T]) -> Iterator[list[_T]]:
    while batch := list(islice(items, _BATCH)):
        yield batch


if __name__ == "__main__":
    main()
