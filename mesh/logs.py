"""Logs as one JSON object a line, with the trace id of the call they belong to."""

import asyncio
import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from mesh import context
from mesh.tracing import current_trace_id

FLUSH_SECONDS = 0.05
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Lines:
    """Writes lines to a stream: at once, or for lines that come by the thousand, twenty times a second.

    Writing lets go of the interpreter lock, which costs a busy server more than the line itself. A stream that takes
    nothing, such as a file on a full disk, ends no work that is told of: the next line that is taken says how many
    before it may be missing. Any thread may call, but for `write_soon`.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # Whoever holds it may be interrupted by a line of its own thread, such as that of an object that is removed.
        self._turn = threading.RLock()
        self._waiting: list[str] = []
        self._refused = 0

    def write(self, text: str) -> None:
        """Writes a text and whatever waits, in order. With `flush`, all that the standard logging asks of a stream."""
        with self._turn:
            self._waiting.append(text)
            self.flush()

    def write_soon(self, text: str) -> None:
        """Writes a text within `FLUSH_SECONDS`; for use in a running loop."""
        with self._turn:
            if not self._waiting:
                asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
            self._waiting.append(text)

    def flush(self) -> None:
        """Writes what waits."""
        with self._turn:
            lines, self._waiting = self._waiting, []
            if not lines:
                return
            told = [self._refusals()] if self._refused else []
            try:
                self._stream.write("".join([*told, *lines]))
                self._stream.flush()
            except OSError:
                self._refused += len(lines)
            else:
                self._refused = 0

    def _refusals(self) -> str:
        event = {"time": _now(), "level": "error", "event": "log_lines_refused", "lines": self._refused}
        return json.dumps(event) + "\n"


def configure(level: str, workload: str, stream: TextIO | None = None) -> Lines:
    """Sends what structlog and the standard logging write to a stream, standard error by default."""
    lines = Lines(stream or sys.stderr)
    described = _Described(workload, with_text=level == "debug")
    structlog.configure(
        processors=[described, _render],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: structlog.WriteLogger(lines),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(_Formatter(described))
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), handlers=[handler], force=True)
    return lines


def failure(error: BaseException, *, with_text: bool) -> dict[str, Any]:
    """What a log says about an exception: its type and where it came from.

    Its text is left out unless `with_text`: it may hold what a document or a secret says.
    """
    frames = traceback.extract_tb(error.__traceback__)
    described: dict[str, Any] = {
        "exception": f"{type(error).__module__}.{type(error).__qualname__}",
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if with_text:
        described["exception_text"] = str(error)
    if error.__cause__ is not None:
        described["cause"] = failure(error.__cause__, with_text=with_text)
    return described


class _Described:
    def __init__(self, workload: str, *, with_text: bool) -> None:
        self._workload = workload
        self._with_text = with_text

    def __call__(self, logger: object, name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        error = event.pop("exc_info", None)
        if error is True:
            error = sys.exc_info()[1]
        found = failure(error, with_text=self._with_text) if isinstance(error, BaseException) else {}
        return {**self._preamble(name), **event, **found}

    def _preamble(self, level: str) -> dict[str, Any]:
        line: dict[str, Any] = {
            "time": _now(),
            "level": level,
            "workload": context.workload() or self._workload,
        }
        if trace_id := current_trace_id():
            line["trace_id"] = trace_id
        if call := context.current():
            line["request_id"] = call.request_id
        return line


class _Formatter(logging.Formatter):
    def __init__(self, described: _Described) -> None:
        super().__init__()
        self._described = described

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "event": record.getMessage(),
            "logger": record.name,
            "exc_info": (record.exc_info or (None,) * 3)[1],
        }
        return _render(None, "", self._described(None, record.levelname.lower(), event))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _render(logger: object, name: str, event: Mapping[str, Any]) -> str:
    return json.dumps(event, default=str)
