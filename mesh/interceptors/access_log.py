"""One line and one set of metrics for each call, however it ended."""

import time
from collections.abc import Callable

from mesh.interceptors.call import Call, Proceed
from mesh.metrics import Metrics
from mesh.policy import Method

Fields = dict[str, str | float | int]


class AccessLogInterceptor:
    """Writes who called what, how it ended and how long it took; never a field of a message.

    Args:
        write: takes the fields of one line.
    """

    def __init__(self, metrics: Metrics, write: Callable[[Fields], None]) -> None:
        self._metrics = metrics
        self._write = write

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        path, write = method.path, self._write
        in_flight = self._metrics.calls_in_flight.labels(path)
        seconds = self._metrics.call_seconds.labels(path)
        calls = self._metrics.calls
        by_code = {}

        async def log(call: Call) -> bytes:
            in_flight.inc()
            started = time.perf_counter()
            try:
                reply = await proceed(call)
                call.sent_bytes += len(reply)
                return reply
            finally:
                elapsed = time.perf_counter() - started
                in_flight.dec()
                seconds.observe(elapsed)
                code = call.code.name
                if code not in by_code:
                    by_code[code] = calls.labels(path, code)
                by_code[code].inc()
                write(_fields(call, elapsed))

        return log


def _fields(call: Call, seconds: float) -> Fields:
    return {
        "method": call.method.path,
        "code": call.code.name,
        "reason": call.reason,
        "ms": round(seconds * 1000, 3),
        "principal": call.principal.id if call.principal else "",
        "caller": call.caller,
        "request_id": call.request_id,
        "received_bytes": call.received_bytes,
        "sent_bytes": call.sent_bytes,
    }
