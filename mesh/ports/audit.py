"""The audit log: what was done, by whom, with which outcome. Entries are added and read, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, insert, or_, select

from mesh.ports.sql import Database
from mesh.ports.tables import audit_entries
from mesh.sealing import Sealer


@dataclass(frozen=True)
class Entry:
    """One mutation. `time_us` is microseconds since 1970; the other fields are those of the contract's AuditEntry."""

    audit_entry_id: str
    time_us: int
    principal_id: str
    method: str
    resource: str
    code: str
    reason: str
    address: str
    request_id: str
    factors: tuple[str, ...] = ()


@dataclass(frozen=True)
class AuditQuery:
    """Which entries; what is empty does not narrow. `after` is the (time, id) to go on behind."""

    principal_id: str = ""
    resource: str = ""
    method: str = ""
    from_us: int = 0
    after: tuple[int, str] | None = None
    limit: int = 100


@dataclass(frozen=True)
class AuditLog:
    """Keeps entries in a table, with the addresses sealed."""

    database: Database
    sealer: Sealer

    async def add(self, entry: Entry) -> None:
        """Stores an entry for good."""
        values = {**vars(entry), "sealed_address": self.sealer.seal(entry.address.encode(), _place(entry))}
        del values["address"]
        async with self.database.transaction() as tx:
            await tx.execute(insert(audit_entries).values(values))

    async def list(self, query: AuditQuery) -> Sequence[Entry]:
        """Entries, newest first."""
        columns = audit_entries.c
        statement = select(audit_entries).where(columns.time_us >= query.from_us)
        for column, wanted in (
            (columns.principal_id, query.principal_id),
            (columns.resource, query.resource),
            (columns.method, query.method),
        ):
            if wanted:
                statement = statement.where(column == wanted)
        if query.after is not None:
            time_us, entry_id = query.after
            same = and_(columns.time_us == time_us, columns.audit_entry_id < entry_id)
            statement = statement.where(or_(columns.time_us < time_us, same))
        ordered = statement.order_by(columns.time_us.desc(), columns.audit_entry_id.desc())
        async with self.database.reading(may_lag=query.after is not None) as reader:
            rows = (await reader.execute(ordered.limit(query.limit))).all()
        return [self._entry(row) for row in rows]

    def _entry(self, row: Row[Any]) -> Entry:
        values = dict(row._mapping)
        address = self.sealer.open(values.pop("sealed_address"), f"audit:{row.audit_entry_id}").decode()
        return Entry(**values | {"address": address, "factors": tuple(row.factors)})


def _place(entry: Entry) -> str:
    return f"audit:{entry.audit_entry_id}"
