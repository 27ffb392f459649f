"""One line and one set of metrics for each call, however it ended."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted

from mootion.errors.v1 import reason_pb2
from prometheus_client import Counter

from mesh.errors import reason_name
from mesh.interceptors.call import Call, Proceed
from mesh.metrics import Metrics
from mesh.policy import Method
from mesh.tracing import current_trace_id


class AccessLogInterceptor:
    """Writes who called what, how it ended and how long it took; never a field of a message.

    Args:
        write: takes one line.
    """

    def __init__(self, metrics: Metrics, write: Callable[[str], None]) -> None:
        self._metrics = metrics
        self._write = write

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        write, in_flight = self._write, _InFlight()
        self._metrics.calls_in_flight.labels(method.path).set_function(in_flight)
        observe = self._metrics.call_seconds.labels(method.path).observe
        calls = _ByOutcome(self._metrics.calls, method.path)
        failed = _ByOutcome(self._metrics.failed_calls, method.path)
        # Alerts watch for the first: what appears as 1 has not grown.
        self._metrics.failed_calls.labels(method.path, reason_name(reason_pb2.REASON_CALLER_NOT_ALLOWED))

        async def log(call: Call) -> bytes:
            in_flight.count += 1
            started = time.perf_counter()
            try:
                reply = await proceed(call)
                call.sent_bytes += len(reply)
                return reply
            finally:
                seconds = time.perf_counter() - started
                in_flight.count -= 1
                observe(seconds)
                calls.count(call.code.name)
                if call.reason:
                    failed.count(call.reason)
                write(_line(call, seconds))

        return log


class _InFlight:
    """A number that the metrics ask for; adding to it needs no lock in a loop of one thread."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> float:
        return self.count


class _ByOutcome:
    def __init__(self, calls: Counter, path: str) -> None:
        self._calls = calls
        self._path = path
        self._known: dict[str, Counter] = {}

    def count(self, outcome: str) -> None:
        known = self._known.get(outcome)
        if known is None:
            known = self._known[outcome] = self._calls.labels(self._path, outcome)
        known.inc()


def _line(call: Call, seconds: float) -> str:
    # Put together by hand, because this runs for every call: quoted is what may hold anything.
    principal = call.principal.id if call.principal else ""
    return (
        f'{{"time": "{datetime.now(UTC).isoformat(timespec="milliseconds")}", "level": "info", "event": "call", '
        f'"workload": "{call.method.service}", "trace_id": "{current_trace_id()}", '
        f'"request_id": "{call.request_id}", "method": "{call.method.path}", "code": "{call.code.name}", '
        f'"reason": "{call.reason}", "ms": {seconds * 1000:.3f}, "principal": {quoted(principal)}, '
        f'"caller": {quoted(call.caller)}, "received_bytes": {call.received_bytes}, '
        f'"sent_bytes": {call.sent_bytes}}}\n'
    )
