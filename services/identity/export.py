"""What an account is given of itself: all that the service keeps about it, but no secret."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from google.protobuf.json_format import MessageToDict
from mootion.audit.v1 import audit_service_pb2
from mootion.identity.v1 import account_pb2

from mesh.ports.audit import AuditQuery, Entry
from mesh.ports.sql import Reader
from services.identity import api_keys, link_store, session_store, token_store
from services.identity.describe import session_message
from services.identity.desk import Desk
from services.identity.listing import Place

AUDITED_DAYS = 90
# So many entries of the audit log, the newest, are some ten megabytes; no person makes as many.
MOST_ENTRIES = 50_000
PAGE = 1000
_DAY_US = 86_400_000_000

Row = TypeVar("Row")


async def exported(desk: Desk, reader: Reader, account: account_pb2.Account) -> dict[str, Any]:
    """The account, its open sessions, API keys, links with teachers and students, and what it did in the last 90 days
    as the audit log has it, ready for JSON."""
    owner, now_us = account.account_id, desk.now_us()
    sessions = await _every(
        lambda after: desk.sessions.store.list(reader, owner, after, PAGE, now_us=now_us),
        session_store.place_of,
    )
    keys = await _every(
        lambda after: token_store.list_api_keys(reader, owner, after, PAGE),
        token_store.place_of_key,
    )
    students = await _every(
        lambda after: link_store.students_of(reader, owner, after, PAGE), link_store.place_of
    )
    teachers = await _every(
        lambda after: link_store.teachers_of(reader, owner, after, PAGE), link_store.place_of
    )
    entries = await _every(
        lambda after: desk.runtime.audit.list(
            AuditQuery(principal_id=owner, from_us=now_us - AUDITED_DAYS * _DAY_US, after=after, limit=PAGE)
        ),
        lambda entry: (entry.time_us, entry.audit_entry_id),
        most=MOST_ENTRIES,
    )
    return {
        "account": MessageToDict(account),
        "sessions": [MessageToDict(session_message(one, "")) for one in sessions],
        "apiKeys": [MessageToDict(key) for key in api_keys.described(keys)],
        "students": [row.username for row in students],
        "teachers": [row.username for row in teachers],
        "auditEntries": [_entry(entry) for entry in entries],
    }


async def _every(
    page: Callable[[Place | None], Awaitable[Sequence[Row]]],
    place: Callable[[Row], Place],
    most: float = float("inf"),
) -> list[Row]:
    found: list[Row] = []
    while len(found) < most:
        rows = await page(place(found[-1]) if found else None)
        found += rows
        if len(rows) < PAGE:
            break
    return found


def _entry(entry: Entry) -> dict[str, Any]:
    values = {name: value for name, value in vars(entry).items() if name != "time_us"}
    message = audit_service_pb2.AuditEntry(**values)
    message.time.FromMicroseconds(entry.time_us)
    return MessageToDict(message)
