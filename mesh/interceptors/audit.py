"""Records every call of a method whose contract says so, when it ends and before its reply goes out."""

from collections.abc import Callable, Sequence
from datetime import datetime

import grpc
from google.protobuf import message_factory
from google.protobuf.message import Message
from mootion.audit.v1 import audit_service_pb2
from prometheus_client import Counter

from mesh.errors import CallError, reason_name
from mesh.ids import Ids
from mesh.interceptors.call import Call, Proceed
from mesh.policy import Method
from mesh.ports.audit import AuditLog, Entry

MOST_RESOURCE = 128


class AuditInterceptor:
    """Writes one entry for each call: of somebody, or that succeeded. Nobody's refused calls are in the access log.

    A call whose entry cannot be stored fails, though what it did may have been done; its caller asks again.

    Args:
        now: gives the time.
        entries: counts them by method and outcome.
    """

    def __init__(self, audit: AuditLog, ids: Ids, now: Callable[[], datetime], entries: Counter) -> None:
        self._audit = audit
        self._entries = entries
        self._ids = ids
        self._now = now

    def bind(self, method: Method, proceed: Proceed) -> Proceed:
        """See Interceptor."""
        if not method.policy.HasField("audit"):
            return proceed
        resource_of, record = _Resource(method), self._record
        for outcome in ("stored", "failed"):
            self._entries.labels(method.path, outcome)

        async def audit(call: Call) -> bytes:
            try:
                reply = await proceed(call)
            except CallError as error:
                if call.principal is not None:
                    await record(call, resource_of(call, b""), error.code, reason_name(error.reason))
                raise
            except Exception:
                await record(call, resource_of(call, b""), grpc.StatusCode.INTERNAL, "INTERNAL")
                raise
            await record(call, resource_of(call, reply), grpc.StatusCode.OK, "")
            return reply

        return audit

    async def _record(self, call: Call, resource: str, code: grpc.StatusCode, reason: str) -> None:
        principal = call.principal.id if call.principal else ""
        entry = Entry(
            audit_entry_id=self._ids.new(),
            time_us=int(self._now().timestamp() * 1e6),
            principal_id=principal,
            method=call.method.full_name,
            resource=(resource or principal)[:MOST_RESOURCE],
            code=code.name,
            reason=reason,
            address=call.client.address,
            request_id=call.request_id,
            factors=tuple(audit_service_pb2.Factor.Name(factor) for factor in call.factors),
        )
        outcome = "failed"
        try:
            await self._audit.add(entry)
            outcome = "stored"
        finally:
            self._entries.labels(call.method.path, outcome).inc()


class _Resource:
    """Reads what was changed from the request, or else from the reply."""

    def __init__(self, method: Method) -> None:
        self._path = method.policy.audit.resource.split(".") if method.policy.audit.resource else []
        self._in_reply = bool(self._path) and self._path[0] not in method.input.fields_by_name
        self._parse = message_factory.GetMessageClass(method.output).FromString

    def __call__(self, call: Call, reply: bytes) -> str:
        if not self._path:
            return ""
        if self._in_reply:
            return _value(self._parse(reply), self._path) if reply else ""
        # A call that was refused before its request was read has none.
        request = getattr(call, "request", None)
        return _value(request, self._path) if request is not None else ""


def _value(message: Message, path: Sequence[str]) -> str:
    value: object = message
    for name in path:
        value = getattr(value, name)
    return str(value)
