"""Logs as one JSON object a line, with the trace id of the call they belong to."""

import json
import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from mesh import context
from mesh.tracing import current_trace_id

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, workload: str, stream: TextIO | None = None) -> None:
    """Sends what structlog and the standard logging write to a stream, standard error by default."""
    output = stream or sys.stderr
    structlog.configure(
        processors=[_Described(workload, _LEVELS[level]), _render],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(_Formatter(workload, _LEVELS[level]))
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), handlers=[handler], force=True)


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


def write_access(fields: Mapping[str, Any]) -> None:
    """Writes a line of the access log."""
    structlog.get_logger().info("call", **fields)


class _Described:
    def __init__(self, workload: str, level: int) -> None:
        self._workload = workload
        self._with_text = level <= logging.DEBUG

    def __call__(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        error = event.pop("exc_info", None)
        if error is True:
            error = sys.exc_info()[1]
        if isinstance(error, BaseException):
            event.update(failure(error, with_text=self._with_text))
        return {**_preamble(name, self._workload), **event}


class _Formatter(logging.Formatter):
    def __init__(self, workload: str, level: int) -> None:
        super().__init__()
        self._workload = workload
        self._with_text = level <= logging.DEBUG

    def format(self, record: logging.LogRecord) -> str:
        line = _preamble(record.levelname.lower(), self._workload)
        line |= {"event": record.getMessage(), "logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            line |= failure(record.exc_info[1], with_text=self._with_text)
        return json.dumps(line, default=str)


def _preamble(level: str, workload: str) -> dict[str, Any]:
    line: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "workload": context.workload() or workload,
    }
    trace_id = current_trace_id()
    if trace_id:
        line["trace_id"] = trace_id
    call = context.current()
    if call is not None:
        line["request_id"] = call.request_id
    return line


def _render(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
    return json.dumps(event, default=str)
