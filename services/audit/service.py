"""One short method for each RPC of AuditService."""

from dataclasses import dataclass

import grpc
from mootion.audit.v1 import audit_service_pb2 as messages
from mootion.audit.v1 import audit_service_pb2_grpc as rpc

from mesh import pages
from mesh.ports.audit import AuditQuery, Entry
from mesh.runtime import Runtime

Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True)
class AuditService(rpc.AuditServiceServicer):
    """Reads what the mesh recorded."""

    runtime: Runtime

    async def ListAuditEntries(
        self, request: messages.ListAuditEntriesRequest, context_: Context
    ) -> messages.ListAuditEntriesResponse:
        size = pages.page_size(request.page_size, default=100, most=1000)
        query = AuditQuery(
            principal_id=request.principal_id,
            resource=request.resource,
            method=request.method,
            from_us=request.from_time.ToMicroseconds(),
            after=pages.decode(request, int, str),
            limit=size + 1,
        )
        found = await self.runtime.audit.list(query)
        token = ""
        if len(found) > size:
            token = pages.encode(request, found[size - 1].time_us, found[size - 1].audit_entry_id)
        shown = [_message(entry) for entry in found[:size]]
        return messages.ListAuditEntriesResponse(entries=shown, next_page_token=token)


def _message(entry: Entry) -> messages.AuditEntry:
    message = messages.AuditEntry(
        audit_entry_id=entry.audit_entry_id,
        principal_id=entry.principal_id,
        method=entry.method,
        resource=entry.resource,
        code=entry.code,
        reason=entry.reason,
        address=entry.address,
        request_id=entry.request_id,
        factors=map(messages.Factor.Value, entry.factors),
    )
    message.time.FromMicroseconds(entry.time_us)
    return message
