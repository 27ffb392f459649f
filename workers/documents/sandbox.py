"""Reading an uploaded file into facts and passages, with the work done in a child process."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mootion.document.v1 import document_pb2 as pb

from workers.documents import failures, frames
from workers.documents.child_process import Child
from workers.documents.failures import DocumentFailure
from workers.documents.language import language_of
from workers.documents.limits import Limits, recognition_limits, text_limits
from workers.documents.recognition import MOST_PAGES, Recognition

_log = logging.getLogger(__name__)
_BETWEEN_REPORTS = 0.2  # seconds
_SAMPLE = 6000  # characters that decide the language


@dataclass(slots=True)
class ReadDocument:
    """What was read from a document.

    `facts` has title, format, page_count, language, outline, notices and passage_count; the other fields are
    the document service's. The document's text is the passages parted by two newlines.
    """

    facts: pb.Document
    passages: list[pb.Passage] = field(default_factory=list)


class DocumentReader:
    """Reads documents, each in a fresh child process; the next child is started ahead.

    It may be used from several threads; close it in the end. `limits` says what reading text may cost by the
    file's size in bytes.
    """

    def __init__(self, keep_spare: bool = True, limits: Callable[[int], Limits] = text_limits) -> None:
        self._keep_spare = keep_spare
        self._limits = limits
        self._lock = threading.Lock()
        self._spare: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def warm(self) -> None:
        """Starts the child for the next document."""
        with self._lock:
            if self._spare is None:
                self._spare = Child()

    def close(self) -> None:
        """Ends the child that waits; no other is started ahead after that."""
        self._keep_spare = False
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.kill()

    def _child(self) -> Child:
        """The child that waits, or a new one when there is none or it was killed while it waited."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None and spare.waits():
            return spare
        if spare is not None:
            spare.kill()
        return Child()

    def read(
        self,
        path: Path,
        filename: str,
        document_id: str,
        on_progress: Callable[[int], None] = lambda percent: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ReadDocument:
        """Reads the file at `path`.

        `on_progress` is told per cent from 0 to 99, growing, at most five times a second; what it raises
        stops the work and goes on to the caller. `cancelled` is asked ten times a second. Raises
        DocumentFailure with the reason of a FAILED document, or ReadingCancelled. Whatever happens, no
        process and no file is left behind.
        """
        size = path.stat().st_size
        result = _Result(document_id, on_progress)
        job: dict[str, Any] = {"path": str(path.resolve()), "filename": filename, "recognition": None}
        try:
            self._run(self._child(), job, self._limits(size), result, cancelled)
            if result.scans:
                self._recognise(job, result, size, cancelled)
        finally:
            if self._keep_spare:
                self.warm()
        return result.finished()

    @staticmethod
    def _run(
        child: Child, job: dict[str, Any], limits: Limits, result: "_Result", cancelled: Callable[[], bool]
    ) -> None:
        with closing(child.run(job, limits, cancelled)) as messages:
            for kind, body in messages:
                result.take(kind, body)

    def _recognise(
        self, job: dict[str, Any], result: "_Result", size: int, cancelled: Callable[[], bool]
    ) -> None:
        """Reads the file again with its scanned pages recognised, or without them when that is too costly."""
        wanted, beyond = result.scans[:MOST_PAGES], result.scans[MOST_PAGES:]
        plans = [(recognition_limits(size, len(wanted)), Recognition(wanted, beyond))]
        if result.has_text:
            plans.append((self._limits(size), Recognition([], result.scans)))
        for limits, plan in plans:
            try:
                self._run(Child(), job | {"recognition": asdict(plan)}, limits, result, cancelled)
                return
            except DocumentFailure as failure:
                if plan is plans[-1][1] or failure.reason != failures.DOCUMENT_TOO_COSTLY:
                    raise
                result.start_again()


def read_document(
    path: Path,
    filename: str,
    document_id: str,
    on_progress: Callable[[int], None] = lambda percent: None,
) -> ReadDocument:
    """Reads one document with a child of its own; see DocumentReader.read."""
    with DocumentReader(keep_spare=False) as reader:
        return reader.read(path, filename, document_id, on_progress)


class _Result:
    """Puts together what a child reports."""

    def __init__(self, document_id: str, on_progress: Callable[[int], None]) -> None:
        self._document_id = document_id
        self._on_progress = on_progress
        self._percent = -1
        self._reported = -_BETWEEN_REPORTS
        self._seen: dict[bytes, int] = {}
        self._done = False
        self.scans: list[int] = []
        self.has_text = False
        self._read = ReadDocument(pb.Document())

    def start_again(self) -> None:
        """Forgets what was read so far."""
        self._seen.clear()
        self._read = ReadDocument(pb.Document())

    def take(self, kind: str, body: Any) -> None:
        """One message. Raises DocumentFailure when the message is a failure."""
        if kind == frames.PROGRESS:
            self._report(int(body))
        elif kind == frames.FACTS:
            self._read.facts.MergeFrom(_facts(body))
        elif kind == frames.OUTLINE:
            self._read.facts.outline.extend(
                pb.OutlineEntry(title=title, level=level, page=page) for title, level, page in body
            )
        elif kind == frames.PASSAGES:
            for fields in body:
                self._read.passages.append(self._passage(len(self._read.passages), *fields))
        elif kind == frames.RECOGNISE:
            pages, self.has_text = body
            self.scans = [int(page) for page in pages]
        elif kind == frames.FAILURE:
            reason, message, detail = body
            if detail:
                _log.warning("reading a document failed: %s", detail)
            raise DocumentFailure(
                reason if reason in failures.SENTENCES else failures.DOCUMENT_UNREADABLE, message
            )
        elif kind == frames.DONE:
            self._done = True

    def finished(self) -> ReadDocument:
        """The whole result. Raises DocumentFailure when the child ended without one."""
        if not self._done:
            raise DocumentFailure(failures.DOCUMENT_TOO_COSTLY)
        if not self._read.passages:
            raise DocumentFailure(failures.DOCUMENT_WITHOUT_TEXT)
        facts, passages = self._read.facts, self._read.passages
        facts.passage_count = len(passages)
        facts.language = language_of(_sample(passages))
        self._report(99)
        return self._read

    def _report(self, percent: int) -> None:
        now = time.monotonic()
        if percent > self._percent and (now - self._reported >= _BETWEEN_REPORTS or percent >= 99):
            self._percent, self._reported = percent, now
            self._on_progress(min(99, percent))

    def _passage(
        self,
        sequence: int,
        text: str,
        path: list[str],
        start: int,
        spans: list[list[int]],
        emphasized: list[str],
    ) -> pb.Passage:
        return pb.Passage(
            passage_id=self._passage_id(text, path),
            document_id=self._document_id,
            sequence=sequence,
            text=text,
            section_path=path,
            first_page=spans[0][0],
            last_page=spans[-1][0],
            start_char=start,
            end_char=start + len(text),
            page_spans=[pb.PageSpan(page=page, start_char=a, end_char=b) for page, a, b in spans],
            emphasized=emphasized,
        )

    def _passage_id(self, text: str, path: list[str]) -> str:
        """A UUID (version 8) made from document, section, text and which repeat of these it is."""
        digest = sha256("\x1e".join([self._document_id, *path, text]).encode("utf-8", "replace")).digest()
        repeat = self._seen[digest] = self._seen.get(digest, -1) + 1
        number = int.from_bytes(sha256(digest + repeat.to_bytes(4, "big")).digest()[:16], "big")
        number = number & ~(0xF << 76) & ~(0x3 << 62) | (0x8 << 76) | (0x2 << 62)
        return str(uuid.UUID(int=number))


def _facts(body: dict[str, Any]) -> pb.Document:
    return pb.Document(
        title=body["title"],
        format=pb.DocumentFormat.Value(body["format"]),
        page_count=body["page_count"],
        notices=body["notices"],
    )


def _sample(passages: list[pb.Passage]) -> str:
    """Text from the document's middle, where front matter and references are least likely."""
    middle = len(passages) // 2
    parts, length = [], 0
    for passage in passages[middle:] + passages[:middle]:
        parts.append(passage.text)
        length += len(passage.text)
        if length >= _SAMPLE:
            break
    return "\n".join(parts)[:_SAMPLE]
