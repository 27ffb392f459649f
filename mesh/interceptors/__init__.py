"""The rules of the mesh, each in a file of its own, and the one order in which every call passes them."""

from collections.abc import Callable
from datetime import datetime

from mesh.callers import Callers
from mesh.counted import Counted
from mesh.ids import Ids
from mesh.in_flight import InFlight
from mesh.interceptors.access_log import AccessLogInterceptor
from mesh.interceptors.admission import Admission, AdmissionInterceptor
from mesh.interceptors.audit import AuditInterceptor
from mesh.interceptors.cache import CacheInterceptor
from mesh.interceptors.call import Interceptor
from mesh.interceptors.deadline import DeadlineInterceptor
from mesh.interceptors.errors import ErrorsInterceptor
from mesh.interceptors.idempotency import IdempotencyInterceptor
from mesh.interceptors.limits import LimitsInterceptor
from mesh.interceptors.messages import MessagesInterceptor
from mesh.interceptors.principal import PrincipalInterceptor
from mesh.interceptors.trace import TraceInterceptor
from mesh.interceptors.validation import ValidationInterceptor
from mesh.ports.audit import AuditLog
from mesh.ports.cache import Cache
from mesh.ports.limits import Limits
from mesh.ports.replies import Replies
from mesh.sealing import Sealer
from mesh.telemetry import Telemetry
from mesh.validation import Validator


def interceptors(
    *,
    telemetry: Telemetry,
    ids: Ids,
    replies: Replies,
    cache: Cache,
    callers: Callers,
    audit: AuditLog,
    sealer: Sealer,
    limits: Limits,
    calls_a_minute: int,
    counted: Counted,
    now: Callable[[], datetime],
    in_flight: InFlight,
    admission: Admission,
    write_access: Callable[[str], None],
    log_messages: bool = False,
) -> list[Interceptor]:
    """Every interceptor of a server, the outermost first.

    Args:
        callers: see PrincipalInterceptor.
        audit: where mutations are recorded.
        sealer: see IdempotencyInterceptor.
        limits, calls_a_minute, counted: see LimitsInterceptor.
        now: gives the time.
        in_flight: see DeadlineInterceptor.
        admission: see AdmissionInterceptor.
        write_access: takes each line of the access log.
        log_messages: see MessagesInterceptor.
    """
    return [
        # First: everything below has a request id and a trace to name in logs and errors.
        TraceInterceptor(telemetry.tracing, ids),
        # Outside of errors: it sees how a call ended, one that was refused or that failed too.
        AccessLogInterceptor(telemetry.metrics, write_access),
        # Outside of everything that may raise: no exception gets past it.
        ErrorsInterceptor(),
        # Before everything that costs: what is refused here was not even looked at.
        AdmissionInterceptor(admission),
        # Before any work: waiting for a lock or for a store counts too.
        DeadlineInterceptor(in_flight),
        # Outside of who may call: it records what was refused, and knows who called once that is known.
        AuditInterceptor(audit, ids, now, telemetry.metrics.audit_entries),
        # Before the request is looked at: nobody learns about fields, or costs us parsing, who may not call.
        PrincipalInterceptor(callers),
        # As soon as it is known who calls: what is over the limit costs no more than counting.
        LimitsInterceptor(limits, calls_a_minute, counted),
        # Before anything that reads the request.
        ValidationInterceptor(Validator()),
        # After validation, which parses the request; a repeat that gets its first reply is shown too.
        MessagesInterceptor(on=log_messages),
        # After validation, since a refused request must not use up its id; next to the handler, whose reply it keeps.
        IdempotencyInterceptor(replies, telemetry.metrics, sealer),
        # Last: what it gives has passed every rule above, for this caller.
        CacheInterceptor(cache, telemetry.metrics),
    ]
