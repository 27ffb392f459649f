"""Seals again, with the newest key, what older keys sealed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, literal, select, tuple_, update

from mesh.ports.replies import place_of
from mesh.ports.sql import Database
from mesh.ports.tables import replies
from mesh.sealing import Sealer

BATCH = 200


@dataclass(frozen=True)
class SealedColumn:
    """A column of sealed values, and for which place the value of a row is sealed. Not all of its values need to be."""

    table: Table
    name: str
    place: Callable[[Row[Any]], str]


REPLIES = SealedColumn(replies, "reply", lambda row: place_of(row.principal, row.method, row.request_id))


async def reseal(database: Database, sealer: Sealer, column: SealedColumn) -> int:
    """Goes through a column, in batches that each commit, and tells how many values were sealed again.

    Services may work meanwhile: a value that changed since it was read is left as it is, for it is new.

    Raises:
        Unreadable: a value was sealed with a key that is not here. What came before is done.
    """
    keys, count = list(column.table.primary_key.columns), 0
    after: tuple[Any, ...] | None = None
    while True:
        statement = select(column.table).order_by(*keys).limit(BATCH)
        if after is not None:
            statement = statement.where(tuple_(*keys) > tuple_(*(literal(value) for value in after)))
        async with database.transaction() as tx:
            rows = (await tx.execute(statement)).all()
            for row in rows:
                old = row._mapping[column.name]
                if old is None or not sealer.is_sealed(old) or sealer.is_newest(old):
                    continue
                place = column.place(row)
                new = sealer.seal(sealer.open(old, place), place)
                stays = [key == row._mapping[key.name] for key in keys]
                changed = update(column.table).where(*stays, column.table.c[column.name] == old)
                count += (await tx.execute(changed.values({column.name: new}))).rowcount
        if len(rows) < BATCH:
            return count
        after = tuple(rows[-1]._mapping[key.name] for key in keys)
